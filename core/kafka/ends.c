#include "kafka/ends.h"

rd_kafka_resp_err_t ends_find(rd_kafka_t *rk, rd_kafka_topic_partition_list_t *partitions,
                              int timeout_ms)
{
    for (int i = 0; i < partitions->cnt; i++) {
        partitions->elems[i].offset = RD_KAFKA_OFFSET_END; /* brokers take it for a time */
    }
    const rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(rk, partitions, timeout_ms);
    for (int i = 0; code == RD_KAFKA_RESP_ERR_NO_ERROR && i < partitions->cnt; i++) {
        const rd_kafka_topic_partition_t *const partition = &partitions->elems[i];
        if (partition->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
            return partition->err;
        }
        if (partition->offset < 0) {
            return RD_KAFKA_RESP_ERR__NO_OFFSET;
        }
    }
    return code;
}

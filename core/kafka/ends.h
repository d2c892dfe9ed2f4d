/*
 * ends.h - where partitions end, asked within a limited time.
 *
 * rd_kafka_query_watermark_offsets() of librdkafka 2.0.2 minds its time-out only until it has found
 * the partition's leader: when that cannot be reached, it waits for a minute and more.
 */
#ifndef ARB_ENDS_H
#define ARB_ENDS_H

#include <librdkafka/rdkafka.h>

/*
 * Fills in the offset behind the last message of each partition, as a number. After an error some
 * of the offsets are not valid.
 */
rd_kafka_resp_err_t ends_find(rd_kafka_t *rk, rd_kafka_topic_partition_list_t *partitions,
                              int timeout_ms);

#endif /* ARB_ENDS_H */

// rogue.cpp - the venue of rogue.c without a mistake, in C++: its library's containers and
// exceptions are as good as C's own functions.
#include <map>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "arbspot/exchange.h"

namespace
{

struct state {
    std::map<std::string, std::vector<arb_level>> books;
    uint64_t seq = 0;
};

struct instance {
    state *kept;
};

int init(void *self, arb_host *, const arb_exchange_env *, arb_plan *plan)
{
    plan->loss_detection = ARB_LOSS_STATELESS;
    plan->snapshot_source = ARB_SNAPSHOT_EACH;
    static_cast<instance *>(self)->kept = new (std::nothrow) state;
    return static_cast<instance *>(self)->kept == nullptr ? ARB_ENOMEM : ARB_OK;
}

int ask(void *, const struct arb_ask *what, arb_request *request)
{
    switch (what->what) {
    case ARB_ASK_CONNECT:
        arb_text_add(&request->text, "wss://localhost");
        return ARB_OK;
    case ARB_ASK_SUBSCRIBE:
        arb_text_add(&request->text, "hello");
        return ARB_OK;
    default:
        return ARB_ENOTSUP;
    }
}

int64_t number_of(const std::string &text)
{
    if (text.empty() || text.size() > 9 ||
        text.find_first_not_of("0123456789") != std::string::npos || std::stoll(text) == 0) {
        throw std::invalid_argument(text);
    }
    return std::stoll(text);
}

int publish(state &kept, arb_host *host, const std::string &text)
{
    const size_t blank = text.find(' ');
    std::vector<arb_level> &bids = kept.books["bids"];
    std::vector<arb_level> &asks = kept.books["asks"];
    if (blank == std::string::npos) {
        return ARB_EPROTO;
    }
    bids.assign(1, arb_level{ number_of(text.substr(0, blank)), 1 });
    asks.assign(1, arb_level{ number_of(text.substr(blank + 1)), 1 });

    arb_book_event event = {};
    event.size = sizeof(event);
    event.kind = ARB_BOOK_SNAPSHOT;
    event.last_seq = ++kept.seq;
    event.bids = bids.data();
    event.asks = asks.data();
    event.n_bids = static_cast<uint32_t>(bids.size());
    event.n_asks = static_cast<uint32_t>(asks.size());
    return arb_book_publish(host, &event);
}

int on_message(void *self, arb_host *host, uint32_t, arb_message message)
{
    try {
        return publish(*static_cast<instance *>(self)->kept, host,
                       std::string(message.data, message.len));
    } catch (const std::exception &) {
        return ARB_EPROTO;
    }
}

void fini(void *self)
{
    delete static_cast<instance *>(self)->kept;
}

const arb_exchange_ops ops = {
    sizeof(ops), init, ask, on_message, nullptr, nullptr, nullptr, nullptr, nullptr, fini,
};

arb_plugin describe()
{
    arb_plugin plugin = {};
    plugin.magic = ARB_ABI_MAGIC;
    plugin.abi_major = ARB_ABI_MAJOR;
    plugin.abi_minor = ARB_ABI_MINOR;
    plugin.size = sizeof(plugin);
    plugin.kind = ARB_KIND_EXCHANGE;
    plugin.name = "rogue";
    plugin.version = "1";
    plugin.description = "A plugin in C++ for the harness to accept";
    plugin.instance_size = sizeof(instance);
    plugin.ops = &ops;
    return plugin;
}

} // namespace

ARB_PLUGIN_EXPORT = describe();

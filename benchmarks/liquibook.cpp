// Runs one workload through Liquibook's order book with depth, which keeps the totals of price levels as ours does, called
// from C++ as its users would call it.
//
// Standard input: two counts, then that many operations, all 64-bit integers: kind, order id, side (1 or -1), price, lots,
// as in benchmarks/workload.py. The first count fills the book, the second is measured. Standard output: CPU nanoseconds
// of the measured operations, then taker, maker, price and lots of each of their trades.

#include <cstdint>
#include <cstdio>
#include <ctime>
#include <deque>
#include <vector>

#include <book/depth_order_book.h>

namespace book = liquibook::book;

enum Kind : int64_t { ADD, IOC, MARKET, CANCEL };

struct Operation {
    int64_t kind, id, side, price, lots;
};

struct Trade {
    int64_t taker, maker, price, lots;
};

struct Resting {
    Resting(const Operation& op) : id(op.id), open(op.lots), limit(op.price), buys(op.side > 0), rests(op.kind == ADD) {}
    bool is_buy() const { return buys; }
    book::Price price() const { return limit; }
    book::Quantity order_qty() const { return open; }
    bool immediate_or_cancel() const { return !rests; }
    bool all_or_none() const { return false; }
    book::Price stop_price() const { return 0; }
    bool is_limit() const { return limit > 0; }

    int64_t id;
    book::Quantity open;
    book::Price limit;
    bool buys, rests;
};

struct Listener : book::OrderListener<Resting*> {
    void on_accept(Resting* const&) override {}
    void on_reject(Resting* const&, const char*) override {}
    void on_fill(Resting* const& taker, Resting* const& maker, book::Quantity lots, book::Price price) override {
        taker->open -= lots;
        maker->open -= lots;
        trades.push_back({taker->id, maker->id, int64_t(price), int64_t(lots)});
    }
    void on_cancel(Resting* const&) override {}
    void on_cancel_reject(Resting* const&, const char*) override {}
    void on_replace(Resting* const&, const int64_t&, book::Price) override {}
    void on_replace_reject(Resting* const&, const char*) override {}

    std::vector<Trade> trades;
};

struct Engine {
    Engine() { orders.set_order_listener(&listener); }

    void apply(const Operation& op) {
        if (op.kind == CANCEL) {
            orders.cancel(by_id[op.id]);
        } else {
            kept.emplace_back(op);
            if (by_id.size() <= size_t(op.id)) by_id.resize(op.id + 1 + by_id.size());
            by_id[op.id] = &kept.back();
            orders.add(&kept.back(), op.kind == ADD ? book::oc_no_conditions : book::oc_immediate_or_cancel);
        }
    }

    Listener listener;
    book::DepthOrderBook<Resting*> orders;
    std::deque<Resting> kept;
    std::vector<Resting*> by_id;
};

static int64_t cpu_ns() {
    timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return int64_t(now.tv_sec) * 1000000000 + now.tv_nsec;
}

int main() {
    int64_t counts[2];
    if (fread(counts, sizeof counts, 1, stdin) != 1) return 1;
    std::vector<Operation> operations(counts[0] + counts[1]);
    if (fread(operations.data(), sizeof(Operation), operations.size(), stdin) != operations.size()) return 1;
    Engine engine;
    for (int64_t i = 0; i < counts[0]; i++) engine.apply(operations[i]);
    engine.listener.trades.clear();
    int64_t started = cpu_ns();
    for (size_t i = counts[0]; i < operations.size(); i++) engine.apply(operations[i]);
    int64_t taken = cpu_ns() - started;
    fwrite(&taken, sizeof taken, 1, stdout);
    fwrite(engine.listener.trades.data(), sizeof(Trade), engine.listener.trades.size(), stdout);
    return 0;
}

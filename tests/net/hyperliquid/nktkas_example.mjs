// A bot written with @nktkas/hyperliquid, as its own examples are; run by test_venue_nktkas.py.
// Arguments: base URL of the venue, private key, the module's file. Prints one JSON object of what it saw.

const [base, key, module, viem] = process.argv.slice(2);
const { ExchangeClient, HttpTransport, InfoClient, SubscriptionClient, WebSocketTransport } = await import(module);
const { privateKeyToAccount } = await import(viem);

const wallet = privateKeyToAccount(key);
const user = wallet.address;
const http = new HttpTransport({ isTestnet: true, apiUrl: base });
const socket = new WebSocketTransport({ isTestnet: true, url: base.replace("http", "ws") + "/ws" });
const info = new InfoClient({ transport: http });
const exchange = new ExchangeClient({ transport: http, wallet });
const subs = new SubscriptionClient({ transport: socket });
const posting = new ExchangeClient({ transport: socket, wallet });
const heard = {};
const hear = (name) => (data) => (heard[name] = (heard[name] ?? 0) + 1, data);

const seen = {};
seen.universe = (await info.meta()).universe.map((each) => each.name);
seen.spot = (await info.spotMeta()).universe.map((each) => each.name);
await info.metaAndAssetCtxs();
await info.allMids();
await info.perpDexs();
await info.candleSnapshot({ coin: "ETH", interval: "1m", startTime: Date.now() - 60_000 });
await info.fundingHistory({ coin: "ETH", startTime: Date.now() - 7_200_000 });
await info.predictedFundings();
await info.userFees({ user });
await info.userRateLimit({ user });
await info.portfolio({ user });
await info.delegatorSummary({ user });

await subs.orderUpdates({ user }, hear("orderUpdates"));
await subs.userFills({ user }, hear("userFills"));
await subs.userEvents({ user }, hear("userEvents"));
await subs.l2Book({ coin: "ETH" }, hear("l2Book"));
await subs.bbo({ coin: "ETH" }, hear("bbo"));
await subs.trades({ coin: "ETH" }, hear("trades"));
await subs.allMids(hear("allMids"));
await subs.activeAssetCtx({ coin: "ETH" }, hear("activeAssetCtx"));
await subs.candle({ coin: "ETH", interval: "1m" }, hear("candle"));
await subs.openOrders({ user }, hear("openOrders"));
await subs.clearinghouseState({ user }, hear("clearinghouseState"));
await subs.spotState({ user, ignorePortfolioMargin: true }, hear("spotState"));
await subs.webData2({ user }, hear("webData2"));
await subs.webData3({ user }, hear("webData3"));
await subs.notification({ user }, hear("notification"));
await subs.assetCtxs(hear("assetCtxs"));
await subs.allDexsAssetCtxs(hear("allDexsAssetCtxs"));
await subs.spotAssetCtxs(hear("spotAssetCtxs"));
await subs.allDexsClearinghouseState({ user }, hear("allDexsClearinghouseState"));
await subs.twapStates({ user }, hear("twapStates"));
await subs.userHistoricalOrders({ user }, hear("userHistoricalOrders"));
await subs.userTwapHistory({ user }, hear("userTwapHistory"));
await subs.userTwapSliceFills({ user }, hear("userTwapSliceFills"));
await subs.userFundings({ user }, hear("userFundings"));
await subs.userNonFundingLedgerUpdates({ user }, hear("userNonFundingLedgerUpdates"));
await subs.activeAssetData({ user, coin: "ETH" }, hear("activeAssetData"));

const limit = (price, size, tif = "Gtc", more = {}) => ({
  a: 1, b: true, p: String(price), s: String(size), r: false, t: { limit: { tif } }, ...more,
});
await exchange.updateLeverage({ asset: 1, isCross: true, leverage: 10 });
const cloid = "0x" + "12".repeat(16);
const placed = await exchange.order({ orders: [limit(1900, 0.1, "Gtc", { c: cloid })], grouping: "na" });
seen.resting = Boolean(placed.response.data.statuses[0].resting.oid);
await exchange.batchModify({ modifies: [{ oid: cloid, order: limit(1901, 0.1, "Gtc", { c: cloid }) }] });
seen.moved = (await info.orderStatus({ user, oid: cloid })).order.order.limitPx;
await exchange.cancelByCloid({ cancels: [{ asset: 1, cloid }] });
seen.open = (await info.openOrders({ user })).length;
const bought = await posting.order({ orders: [limit(2001, 0.2, "Ioc")], grouping: "na" });
seen.filled = bought.response.data.statuses[0].filled.totalSz;
seen.position = (await info.clearinghouseState({ user })).assetPositions[0].position.szi;
const twap = await exchange.twapOrder({ twap: { a: 1, b: false, s: "0.2", r: true, m: 5, t: false } });
const twapId = twap.response.data.status.running.twapId;
await exchange.twapCancel({ a: 1, t: twapId });
await exchange.scheduleCancel({ time: Date.now() + 60_000 });
await exchange.scheduleCancel();
await exchange.usdClassTransfer({ amount: "10", toPerp: false });
await exchange.approveAgent({ agentAddress: "0x" + "ab".repeat(20), agentName: "second" });
seen.agents = (await info.extraAgents({ user })).map((each) => each.name);
try {
  await exchange.order({ orders: [limit(2001, 0.1, "Alo")], grouping: "na" });
} catch (error) {
  seen.refusal = error.message;
}
const wanted = ["orderUpdates", "userFills", "userEvents", "l2Book", "bbo", "trades", "allMids", "activeAssetCtx",
  "openOrders", "clearinghouseState", "spotState", "webData2", "webData3", "assetCtxs", "allDexsAssetCtxs",
  "spotAssetCtxs", "allDexsClearinghouseState", "twapStates", "userHistoricalOrders", "userTwapHistory",
  "userTwapSliceFills", "userFundings", "userNonFundingLedgerUpdates", "activeAssetData"];
const deadline = Date.now() + 10_000;
while (wanted.some((name) => !heard[name]) && Date.now() < deadline) {
  await new Promise((resume) => setTimeout(resume, 20));
}
seen.silent = wanted.filter((name) => !heard[name]);
console.log(JSON.stringify(seen));
await socket.close();
process.exit(0);

/**
 * The metrics of a running server against what its Go runtime says of itself: requests, collections, stops of the
 * world, waits for a mutex.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildGoServer, type GoServer } from '../../target/go-server.ts';
import { MetricsReceiver } from './metrics-receiver.ts';
import type { OracleMetric, OraclePoint } from './oracle.ts';

const MAIN = resolve(import.meta.dirname, '../../../cli/main.ts');
const NAME = `measured-${process.pid}`;
const COLLECTIONS = 15;
const ROUNDS = 25;
const CONTENDERS = 8;

/** Collects only when told to, so that both sides count the same collections. */
const SOURCE = `package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

var mu sync.Mutex
var waited atomic.Int64 // nanoseconds before the lock was there
var kept [][]byte

func held(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	mu.Lock()
	waited.Add(int64(time.Since(start)))
	time.Sleep(2 * time.Millisecond)
	mu.Unlock()
	fmt.Fprintln(w, "held")
}

func collect(w http.ResponseWriter, r *http.Request) {
	kept = make([][]byte, 2000)
	for i := range kept {
		kept[i] = make([]byte, 4096)
	}
	runtime.GC()
	fmt.Fprintln(w, "collected")
}

func figures(w http.ResponseWriter, r *http.Request) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	json.NewEncoder(w).Encode(map[string]any{"gc": m.NumGC, "pauseNs": m.PauseTotalNs, "waitedNs": waited.Load()})
}

func main() {
	debug.SetGCPercent(-1)
	http.HandleFunc("/held", held)
	http.HandleFunc("/collect", collect)
	http.HandleFunc("/figures", figures)
	http.HandleFunc("/missing", http.NotFound)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(l.Addr().(*net.TCPAddr).Port)
	http.Serve(l, nil)
}
`;

interface Figures {
  readonly gc: number;
  readonly pauseNs: number;
  readonly waitedNs: number;
}

let server: GoServer;
beforeAll(async () => {
  server = await buildGoServer(NAME, ['-ldflags=-s -w'], SOURCE);
}, 300_000);
afterAll(() => server?.dispose());

const pointsOf = (metric: OracleMetric | undefined): OraclePoint[] => metric?.histogram?.dataPoints ?? [];
const attributeOf = (point: OraclePoint, name: string): unknown =>
  Object.values(point.attributes?.find(({ key }) => key === name)?.value ?? {})[0];
const countOf = (points: readonly OraclePoint[]): number => points.reduce((sum, { count }) => sum + Number(count), 0);
const sumOf = (points: readonly OraclePoint[]): number => points.reduce((sum, point) => sum + (point.sum ?? 0), 0);

async function attach(args: readonly string[], env: Record<string, string>) {
  const run = execa(process.execPath, [MAIN, ...args], { reject: false, stdin: 'ignore', env });
  await new Promise<void>((attached) => {
    run.stdout.on('data', (data: Buffer) => data.toString().includes('"type":"session"') && attached());
  });
  return { run };
}

test('agree with the runtime’s own figures', async () => {
  const receiver = new MetricsReceiver();
  const endpoint = `http://127.0.0.1:${await receiver.start()}`;
  const { pid, port } = await server.start();
  // Traces go nowhere here, and the filter hides all requests: their metrics are not to depend on either.
  const args = ['attach', `${pid}`, '-o', 'json', '--status', '5xx', '--otlp-endpoint', endpoint];
  const env = { OTEL_TRACES_EXPORTER: 'none', OTEL_METRIC_EXPORT_INTERVAL: '500' };
  const { run } = await attach(args, env);

  const get = async (path: string): Promise<string> => (await fetch(`http://127.0.0.1:${port}${path}`)).text();
  const before = JSON.parse(await get('/figures')) as Figures;
  for (let i = 0; i < COLLECTIONS; i++) await get('/collect');
  for (let i = 0; i < ROUNDS; i++) await Promise.all(Array.from({ length: CONTENDERS }, () => get('/held')));
  await get('/missing');
  const after = JSON.parse(await get('/figures')) as Figures;
  run.kill('SIGINT');
  const result = await run;
  expect(result.exitCode, result.stderr).toBe(0);

  const metrics = receiver.last('httptrace-till');
  const requests = pointsOf(metrics.get('http.server.request.duration'));
  const counts = requests.map((point) => [
    attributeOf(point, 'http.route'),
    attributeOf(point, 'http.response.status_code'),
    Number(point.count),
  ]);
  expect(counts.sort()).toEqual([
    ['/collect', '200', COLLECTIONS],
    ['/figures', '200', 2],
    ['/held', '200', ROUNDS * CONTENDERS],
    ['/missing', '404', 1],
  ]);

  const gc = pointsOf(metrics.get('go.memory.gc.pause.duration'));
  expect(after.gc - before.gc).toBe(COLLECTIONS);
  expect(metrics.get('go.memory.gc.cycles')?.sum?.dataPoints[0]?.asInt).toBe(`${COLLECTIONS}`);
  expect(countOf(gc)).toBe(2 * COLLECTIONS);
  const pauses = pointsOf(metrics.get('httptrace.pause.duration'));
  const reasons = pauses.map((point) => [attributeOf(point, 'httptrace.pause.reason'), Number(point.count)]);
  expect(reasons).toContainEqual(['read mem stats', 2]);

  const locks = pointsOf(metrics.get('httptrace.lock.wait.duration'));
  const mutex = locks.filter((point) => attributeOf(point, 'httptrace.lock.kind') === 'mutex');
  const here = mutex.filter((point) => attributeOf(point, 'code.function.name') === 'main.held');
  expect(here).toHaveLength(1);
  expect(String(attributeOf(here[0] as OraclePoint, 'code.file.path'))).toMatch(/main\.go$/);

  const waitRatio = sumOf(mutex) / ((after.waitedNs - before.waitedNs) / 1e9);
  const stopped = (after.pauseNs - before.pauseNs) / 1e9;
  const excess = (sumOf(gc) - stopped) / countOf(gc);
  process.stdout.write(
    `mutex waits: ${waitRatio.toFixed(3)} of what handlers measured; GC pauses: ${(excess * 1e6).toFixed(1)} µs more each\n`,
  );
  expect(waitRatio).toBeGreaterThan(0.98);
  expect(waitRatio).toBeLessThan(1.02);
  // Pauses of an idle server are as short as the traps at both of their ends.
  expect(Math.abs(excess)).toBeLessThan(100e-6);

  // Nobody can say how often its threads met at a lock of the runtime; that it was watched can be said.
  expect(pointsOf(metrics.get('httptrace.runtime.lock.wait.duration'))).toHaveLength(1);

  const tool = receiver.last('httptrace');
  expect(tool.get('httptrace.agent.cpu.time')?.sum?.dataPoints[0]?.asDouble).toBeGreaterThan(0);
  const hits = tool.get('httptrace.probe.hits')?.sum?.dataPoints ?? [];
  const serve = hits.find((point) => attributeOf(point, 'httptrace.probe.role') === 'http1_serve');
  expect(Number(serve?.asInt)).toBe(COLLECTIONS + 2 + ROUNDS * CONTENDERS + 1);
  receiver.stop();
}, 60_000);

test('after a restart of the loader a target begins anew, and what came before is not lost', async () => {
  const receiver = new MetricsReceiver();
  const endpoint = `http://127.0.0.1:${await receiver.start()}`;
  const { pid, port } = await server.start();
  const env = { OTEL_TRACES_EXPORTER: 'none', OTEL_METRIC_EXPORT_INTERVAL: '60000' };
  const { run } = await attach(['attach', `${pid}`, '-o', 'json', '--otlp-endpoint', endpoint], env);
  const missing = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) await (await fetch(`http://127.0.0.1:${port}/missing`)).text();
    await sleep(500);
  };
  await missing(3);
  const [loader] = readFileSync(`/proc/${run.pid}/task/${run.pid}/children`, 'latin1').trim().split(' ');
  process.kill(Number(loader), 'SIGKILL');
  await sleep(3_000);
  await missing(4);
  run.kill('SIGINT');
  expect((await run).exitCode).toBe(0);

  const points = receiver.received
    .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
    .filter(({ name }) => name === 'http.server.request.duration')
    .flatMap((metric) => pointsOf(metric));
  expect(points.map(({ count }) => count)).toEqual(['3', '4']);
  const [first, second] = points;
  expect(BigInt(second?.startTimeUnixNano ?? 0) >= BigInt(first?.timeUnixNano ?? 0)).toBe(true);
  const losses = receiver.last('httptrace').get('httptrace.losses')?.sum?.dataPoints ?? [];
  const restarts = losses.find((point) => attributeOf(point, 'httptrace.loss.reason') === 'loader_restart');
  expect(restarts?.asInt).toBe('1');
  receiver.stop();
}, 60_000);

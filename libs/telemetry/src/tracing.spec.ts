import { afterEach, describe, expect, it } from '@jest/globals';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace';
import { createLog } from './log.ts';
import { span, startTracing, traceId, traceparent, withTraceparent } from './tracing.ts';

const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('tracing', () => {
  let tracing: AsyncDisposable | undefined;
  afterEach(async () => tracing?.[Symbol.asyncDispose]());

  it('carries one trace id through nested spans and logs with the exporter off', async () => {
    tracing = await startTracing({ service: 'test' });
    const lines: string[] = [];
    const log = createLog({ service: 'test', destination: { write: (line) => void lines.push(line) } });
    const seen = await withTraceparent(parent, () =>
      span('outer', {}, async () => {
        log.info('inside');
        return span('inner', {}, async () => [traceId(), traceparent()]);
      }),
    );
    expect(seen[0]).toBe('0af7651916cd43dd8448eb211c80319c');
    expect(seen[1]).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-0[01]$/);
    expect(JSON.parse(lines[0] ?? '{}').trace_id).toBe('0af7651916cd43dd8448eb211c80319c');
  });

  it('begins a new trace where there is no parent or a malformed one', async () => {
    tracing = await startTracing({ service: 'test' });
    const none = `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`;
    for (const bad of [undefined, 'nonsense', none, `${parent}-more`, parent.replace(/^00/, 'ff')]) {
      const id = withTraceparent(bad, () => span('x', {}, () => traceId()));
      expect(id).toMatch(/^[0-9a-f]{32}$/);
      expect(['0'.repeat(32), parent.split('-')[1]]).not.toContain(id);
    }
  });

  it('records spans, and errors on them, for the exporter', async () => {
    const exporter = new InMemorySpanExporter();
    tracing = await startTracing({ service: 'test', processor: new SimpleSpanProcessor({ exporter }) });
    await expect(
      span('fails', {}, async () => {
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect(exporter.getFinishedSpans().map((each) => [each.name, each.status.message])).toEqual([['fails', 'no']]);
  });

  it('continues a trace with a span id of its own, and one that is recorded with its flag', async () => {
    tracing = await startTracing({ service: 'test' });
    const unrecorded = withTraceparent(parent, () => span('x', {}, () => traceparent()));
    expect(unrecorded).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-(?!b7ad6b7169203331)[0-9a-f]{16}-00$/);
    await tracing[Symbol.asyncDispose]();
    expect(traceparent()).toBeUndefined();
    const processor = new SimpleSpanProcessor({ exporter: new InMemorySpanExporter() });
    tracing = await startTracing({ service: 'test', processor });
    const recorded = withTraceparent(parent, () => span('x', {}, () => traceparent()));
    expect(recorded).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-(?!b7ad6b7169203331)[0-9a-f]{16}-01$/);
  });
});

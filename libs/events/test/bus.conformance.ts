import { AdvisoriesImportedSchema } from '@gabion/contracts/gabion/scan/v1/events_pb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { killRounds } from './kill-rounds.ts';
import { eventually, type Imported, range, Site, type Transport } from './site.ts';

const isLong = process.env.GABION_TEST_LONG === '1';
const quick = { firstMs: 50, mostMs: 200 };

/** What every adapter of the bus promises. */
export function busConformance(name: string, open: () => Promise<Transport>): void {
  describe(`bus over ${name}`, () => {
    let transport: Transport;
    beforeAll(async () => {
      transport = await open();
    }, 180_000);
    afterAll(async () => transport?.[Symbol.asyncDispose]());

    it('keeps the order of each key under 8 concurrent publishers', async () => {
      await using site = await Site.open(transport);
      await site.publisher();
      await (await site.consumer()).consume(site.effects('order'));
      // Each key has one publisher that commits again and again, beside seven others.
      await Promise.all(
        range(8).map(async (key) => {
          for (const n of range(50)) await site.publish(`k${key}`, 2 * n, 2 * n + 1);
        }),
      );
      await eventually('800 effects', async () => (await site.effectCount()) >= 800);
      const effects = await site.effectsByKey();
      for (const key of range(8)) expect(effects[`k${key}`]).toEqual(range(100));
    });

    it('loses nothing of a long transaction that took a lower number and commits later', async () => {
      await using site = await Site.open(transport);
      await site.publisher();
      await (await site.consumer()).consume(site.effects('hole'));
      const [began, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const long = site.scanner.transaction(async (tx) => {
        await site.publishIn(tx, 'long', 1, 2, 3);
        began.resolve();
        await release.promise;
      });
      await began.promise;
      for (const n of range(30)) await site.publish('short', n);
      // Short transactions do not wait for the long one.
      await eventually('the short ones', async () => (await site.effectCount()) === 30);
      release.resolve();
      await long;
      await site.publish('after', 1);
      await eventually('all', async () => (await site.effectCount()) >= 34);
      expect(await site.effectsByKey()).toEqual({ short: range(30), long: [1, 2, 3], after: [1] });
    });

    it('follows the order of the row lock, not that of the transaction ids', async () => {
      await using site = await Site.open(transport);
      await site.publisher();
      await (await site.consumer()).consume(site.effects('lock'));
      const [early, late, other] = range(3).map(() => Promise.withResolvers<void>());
      const xid = sql`select pg_current_xact_id()`;
      // Ids: `first` < `bystander` < `second`; `second` publishes and commits before `first` does, `bystander` runs on.
      const first = site.scanner.transaction(async (tx) => {
        await xid.execute(tx);
        early!.resolve();
        await late!.promise;
        await site.publishIn(tx, 'row', 2);
      });
      await early!.promise;
      const ready = Promise.withResolvers<void>();
      const bystander = site.scanner.transaction(async (tx) => {
        await xid.execute(tx);
        ready.resolve();
        await other!.promise;
      });
      await ready.promise;
      await site.publish('row', 1);
      late!.resolve();
      await first;
      await eventually('both', async () => (await site.effectCount()) >= 2);
      other!.resolve();
      await bystander;
      expect(await site.effectsByKey()).toEqual({ row: [1, 2] });
    });

    it('shares partitions among replicas, and goes on while they come and go', async () => {
      await using site = await Site.open(transport);
      await site.publisher();
      const seen = [new Set<string>(), new Set<string>()];
      const slowly = (who: number) => async (event: Imported) => {
        seen[who]!.add(event.key);
        await new Promise((resolve) => setTimeout(resolve, 2));
      };
      const [one, two] = [await site.consumer(), await site.consumer()];
      await one.consume(site.effects('share', { handle: slowly(0), batch: 10 }));
      let isPublishing = true;
      let rounds = 0;
      const publishing = (async () => {
        while (isPublishing) {
          await Promise.all(range(16).map((key) => site.publish(`k${key}`, rounds)));
          rounds++;
        }
      })();
      await eventually('the first replica works', () => seen[0]!.size > 0);
      const second = await two.consume(site.effects('share', { handle: slowly(1), batch: 10 }));
      await eventually('the second replica has a share', () => seen[1]!.size > 2);
      await second[Symbol.asyncDispose]();
      seen[0]!.clear();
      await eventually('the first replica has it all again', () => seen[0]!.size === 16);
      isPublishing = false;
      await publishing;
      await eventually('all effects', async () => (await site.effectCount()) >= 16 * rounds, 60_000);
      const effects = await site.effectsByKey();
      for (const key of range(16)) expect(effects[`k${key}`]).toEqual(range(rounds));
    }, 120_000);

    it('parks a poison event and those of its key, lets others by, and ends it in the dead letters', async () => {
      await using site = await Site.open(transport);
      await site.publisher();
      const bus = await site.consumer();
      const attempts: number[] = [];
      let isPoisonous = true;
      const subscription = site.effects('poison', {
        maxAttempts: 3,
        backoff: quick,
        handle: async ({ key, message, attempt }) => {
          if (!isPoisonous || !key.endsWith('bad') || message.advisoryCount !== 1n) return;
          attempts.push(attempt);
          throw new Error('cannot digest this');
        },
      });
      await site.publish('bad', 0, 1, 2, 3);
      await site.publish('good', ...range(20));
      await bus.consume(subscription);
      await eventually('others and those behind', async () => (await site.effectCount()) >= 23);
      expect(await site.effectsByKey()).toEqual({ good: range(20), bad: [0, 2, 3] });
      expect(attempts.filter((attempt) => attempt > 1)).toEqual([2, 3]);
      const letters = await bus.deadLetters(subscription.group, AdvisoriesImportedSchema);
      expect(letters).toMatchObject([{ key: `${site.prefix}-bad`, attempts: 3, reason: 'Error: cannot digest this' }]);
      const topic = await sql<{ headers: object }>`select headers from events.log
        where topic = 'advisories.imported.dead-letter'`.execute(site.reader.kysely);
      expect(topic.rows).toMatchObject([
        { headers: { reason: 'Error: cannot digest this', group: subscription.group } },
      ]);

      isPoisonous = false;
      expect(await bus.redrive(subscription.group, AdvisoriesImportedSchema)).toBe(1);
      await eventually('the redriven one', async () => (await site.effectCount()) === 24);
      expect(await bus.deadLetters(subscription.group, AdvisoriesImportedSchema)).toEqual([]);
    });

    it('goes on after the transport was away', async () => {
      await using site = await Site.open(transport);
      await site.publisher();
      const consumer = await (await site.consumer()).consume(site.effects('outage'));
      await site.publish('k', ...range(10));
      await eventually('before', async () => (await site.effectCount()) === 10);
      await transport.interrupt(site, isLong ? 60_000 : 4_000);
      for (const n of range(10, 10)) await site.publish('k', n);
      await eventually('after', async () => (await site.effectCount()) >= 20, 90_000);
      expect(await site.effectsByKey()).toEqual({ k: range(20) });
      await eventually('no lag', async () => (await consumer.lag()).events === 0);
    }, 240_000);

    it('loses nothing and repeats no effect when producer and consumer are killed at random', async () => {
      await using site = await Site.open(transport);
      const { acknowledged } = await killRounds(site, isLong ? 50 : 8);
      expect(acknowledged.size).toBeGreaterThan(0);
      const bus = await site.consumer();
      await site.publisher();
      await bus.consume(site.effects('killed'));
      const { rows: written } = await sql<{ n: string }>`select n from written`.execute(site.scanner.kysely);
      await eventually(
        'every committed row has its effect',
        async () => (await site.effectCount()) >= written.length,
        90_000,
      );
      const effects = (await site.effectsByKey()).k!;
      expect(new Set(effects).size).toBe(effects.length);
      expect([...effects].sort((a, b) => a - b)).toEqual(written.map((row) => Number(row.n)).sort((a, b) => a - b));
      for (const n of acknowledged) expect(effects).toContain(n);
    }, 900_000);

    it('fetches no more than a slow consumer handles', async () => {
      await using site = await Site.open(transport);
      await site.publisher();
      // 48 MiB behind a consumer that takes four at a time.
      for (const n of range(48)) await site.publishLarge(`k${n % 4}`, 1_000_000);
      global.gc?.();
      const before = process.memoryUsage();
      let most = 0;
      await (await site.consumer()).consume(
        site.largeEffects('slow', {
          batch: 4,
          handle: async () => {
            const { heapUsed, external } = process.memoryUsage();
            most = Math.max(most, heapUsed + external - before.heapUsed - before.external);
            await new Promise((resolve) => setTimeout(resolve, 20));
          },
        }),
      );
      await eventually('all', async () => (await site.effectCount()) >= 48, 60_000);
      expect(await site.effectCount()).toBe(48);
      // Pages of 8 MiB, several copies while they are decoded, and garbage of earlier ones.
      expect(most).toBeLessThan(200 * 1024 * 1024);
    }, 120_000);

    it('refuses an event over the size limit and takes one just below it', async () => {
      await using site = await Site.open(transport);
      await site.publisher();
      await (await site.consumer()).consume(site.largeEffects('size'));
      await expect(site.publishLarge('k', 1024 * 1024)).rejects.toMatchObject({ code: 'event_too_large' });
      await expect(site.publish('k'.repeat(1_100), 1)).rejects.toMatchObject({ code: 'event_too_large' });
      await site.publishLarge('k', 1024 * 1024 - 200);
      await eventually('the large one', async () => (await site.effectCount()) === 1);
    });

    it('replays from a time and from a position', async () => {
      await using site = await Site.open(transport);
      await site.publisher();
      const bus = await site.consumer();
      const positions = new Map<number, Imported>();
      const subscription = site.effects('replay', {
        handle: async (event) => void positions.set(Number(event.message.advisoryCount), event),
      });
      await bus.consume(subscription);
      await site.publish('k', 0, 1, 2);
      await eventually('first three', async () => (await site.effectCount()) === 3);
      await new Promise((resolve) => setTimeout(resolve, 50));
      const middle = new Date();
      await new Promise((resolve) => setTimeout(resolve, 50));
      await site.publish('k', 3, 4, 5);
      await eventually('all six', async () => (await site.effectCount()) === 6);

      await bus.replay(subscription.group, AdvisoriesImportedSchema, { time: middle });
      await eventually('three again', async () => (await site.effectCount()) >= 9);
      expect((await site.effectsByKey()).k).toEqual([0, 1, 2, 3, 4, 5, 3, 4, 5]);

      const { position, partition } = positions.get(4)!;
      await bus.replay(subscription.group, AdvisoriesImportedSchema, { offset: position, partition });
      await eventually('two again', async () => (await site.effectCount()) >= 11);
      expect((await site.effectsByKey()).k!.slice(9)).toEqual([4, 5]);
    });

    it('begins a new group at the latest event when asked, and at the earliest otherwise', async () => {
      await using site = await Site.open(transport);
      await site.publisher();
      const bus = await site.consumer();
      await bus.consume(site.effects('probe'));
      await site.publish('old', 1, 2);
      await eventually('the probe', async () => (await site.effectCount()) === 2);
      const heard: string[] = [];
      const listener = (who: string) => async (event: Imported) =>
        void heard.push(`${who} ${event.message.advisoryCount}`);
      await bus.consume(site.effects('latest', { from: 'latest', handle: listener('latest') }));
      await site.publish('new', 3);
      await eventually('the new one', () => heard.includes('latest 3'));
      expect(heard).toEqual(['latest 3']);
    });
  });
}

// Opens a server in the directory given, writes a row, says so in one line and waits for the end.
import { sql } from 'kysely';
import { openDatabase } from '../src/database.ts';
import { openServer } from '../src/server.ts';

const server = await openServer({ dataDir: process.argv[2]! });
const db = openDatabase(server.adminUrl);
await sql`create table kept as select 1 as n`.execute(db.kysely);
console.log(JSON.stringify({ pid: server.pid }));
process.once('SIGTERM', async () => {
  await db[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

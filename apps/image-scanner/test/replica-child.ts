// A replica as a process of its own, to be killed.
import { configFrom } from '../src/config.ts';
import { start } from '../src/service.ts';

const running = await start(configFrom(JSON.parse(process.argv[2]!)));
process.stdout.write(`${running.address}\n`);

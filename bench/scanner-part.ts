// The image scanner alone in a process, so that its memory can be told apart.
import { configFrom } from '@gabion/image-scanner/config';
import { start } from '@gabion/image-scanner/service';

process.once('disconnect', () => process.exit());
const running = await start(configFrom(JSON.parse(process.argv[2]!)));
process.send?.(running.address);

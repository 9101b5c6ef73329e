/** What writes the heap to a file, however this process was started. */
const heapFlags = /^--(heapsnapshot-signal|heapsnapshot-near-heap-limit)\b/;

/** The same numbers on Linux (asm-generic/resource.h, linux/prctl.h) and, of the first, macOS. */
const rlimitCore = 4;
const prSetDumpable = 4;

/**
 * Keeps the memory of this process out of files: no core dump, no heap snapshot, no report of Node.js. On Linux its user
 * cannot read it by ptrace or /proc either, and a dump that is piped to a program is not made, which no limit stops
 * (core(5)). Answers what could not be done; throws when the process was told to write its heap.
 */
export async function forbidDumps(): Promise<string | undefined> {
  const flags = [...process.execArgv, ...(process.env.NODE_OPTIONS ?? '').split(/\s+/)];
  const flag = flags.find((each) => heapFlags.test(each));
  if (flag) throw new Error(`keys are not held in a process that writes its heap to files: start it without ${flag}`);
  const off = { reportOnFatalError: false, reportOnSignal: false, reportOnUncaughtException: false };
  Object.assign(process.report, off);
  try {
    return await forbidCores();
  } catch (error) {
    return (error as Error).message;
  }
}

async function forbidCores(): Promise<string | undefined> {
  // Loaded here, since it is native: where it is not there, the service goes on and says so.
  const { default: koffi } = await import('koffi');
  const c = koffi.load(null);
  const limit = koffi.struct({ current: 'uint64', most: 'uint64' });
  const setrlimit = c.func('setrlimit', 'int', ['int', koffi.pointer(limit)]);
  if (setrlimit(rlimitCore, { current: 0, most: 0 }) !== 0) return 'setrlimit(RLIMIT_CORE) was refused';
  if (process.platform !== 'linux') return undefined;
  const prctl = c.func('prctl', 'int', ['int', 'ulong', 'ulong', 'ulong', 'ulong']);
  return prctl(prSetDumpable, 0, 0, 0, 0) === 0 ? undefined : 'prctl(PR_SET_DUMPABLE) was refused';
}

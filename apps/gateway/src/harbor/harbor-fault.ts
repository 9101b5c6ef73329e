import { answerTo } from '../problem.ts';

/** A refusal in Harbor's terms. */
export class HarborFault extends Error {
  override readonly name = 'HarborFault';

  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** Status and words of any error, with the headers that it asks for. */
export function toldToHarbor(error: unknown, requestId: string) {
  if (error instanceof HarborFault) return { status: error.status, message: error.message, headers: {} };
  const { problem, headers } = answerTo(error, requestId);
  return { status: problem.status, message: problem.detail ?? problem.title, headers };
}

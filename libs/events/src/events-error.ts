/** What this library refuses or gives up on, as a stable word that callers may switch on. */
export type EventsErrorCode =
  | 'event_too_large'
  | 'not_the_owner'
  | 'source_unknown'
  | 'outbox_full'
  | 'cursor_moved'
  | 'group_unknown'
  | 'bus_closed';

/** Every error of this library's own; what a handler or SQL throws travels unchanged. */
export class EventsError extends Error {
  override readonly name = 'EventsError';
  readonly code: EventsErrorCode;

  constructor(code: EventsErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

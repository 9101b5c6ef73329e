/** What can be wrong with a layer; the list is closed and each code is described in the README. */
export type RootfsErrorCode =
  | 'layer_invalid'
  | 'layer_truncated'
  | 'layer_too_large'
  | 'layer_contents_too_large'
  | 'too_many_entries'
  | 'name_too_long'
  | 'path_too_deep'
  | 'path_escapes'
  | 'link_escapes'
  | 'device_node';

/** A layer that cannot be applied; `code` is stable, the message is for people. */
export class RootfsError extends Error {
  override readonly name = 'RootfsError';
  readonly code: RootfsErrorCode;

  constructor(code: RootfsErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

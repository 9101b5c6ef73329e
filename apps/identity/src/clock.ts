/** What time it is; handed in, so that expiry can be tested. */
export type Clock = () => Date;

/** Under which NestJS hands out the clock. */
export const clock = Symbol('clock');

/** Items of a page unless the request says. */
export const defaultPageSize = 50;

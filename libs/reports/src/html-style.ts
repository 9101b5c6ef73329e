import { severities } from './counts.ts';

/** The style sheet of the page. Colours keep a contrast of 4.5 to 1 (WCAG 2.2, 1.4.3) in both schemes. */
export const style = [
  ':root{color-scheme:light dark;--line:#8888;--bad:light-dark(#a00012,#ff9c9c);--warn:light-dark(#7a4b00,#ffc66d)}',
  'body{font:16px/1.5 system-ui,sans-serif;margin:0}main{max-width:80rem;margin:auto;padding:1rem}',
  'table{border-collapse:collapse;width:100%}th,td{border-bottom:1px solid var(--line);padding:.4rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}',
  'dt{font-weight:bold;float:left;clear:left;width:7rem}dd{margin-left:7.5rem;overflow-wrap:anywhere}p{margin:.2rem 0}',
  'pre,code{white-space:pre-wrap;overflow-wrap:anywhere}fieldset{border:1px solid var(--line);margin:1rem 0}',
  '.critical b,.high b,strong{color:var(--bad)}.medium b{color:var(--warn)}',
  ...severities.map((severity) => `body:has(#show-${severity}:not(:checked)) tr.${severity}{display:none}`),
].join('\n');

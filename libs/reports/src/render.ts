import { type CycloneDxVersion, cycloneDxDocument, cycloneDxVersions } from '@gabion/sbom/cyclonedx/cyclonedx-document';
import { spdxDocument } from '@gabion/sbom/spdx/spdx-document';
import { tagValueOf } from '@gabion/sbom/spdx/tag-value';
import { gitLabReport } from './gitlab.ts';
import { htmlReport } from './html.ts';
import { jsonReport } from './json-report.ts';
import { junitReport } from './junit.ts';
import { knownVulnerabilities } from './known-vulnerabilities.ts';
import { markdownReport } from './markdown.ts';
import { ReportError } from './report-error.ts';
import { sarifReport } from './sarif.ts';
import type { ScanResult } from './scan-result.ts';
import { tableReport } from './table.ts';
import { csafReport, openVexReport } from './vex-report.ts';

/** Formats of reports with their media types. */
export const contentTypes = {
  table: 'text/plain; charset=utf-8',
  json: 'application/json',
  sarif: 'application/sarif+json',
  cyclonedx: 'application/vnd.cyclonedx+json',
  spdx: 'application/spdx+json',
  'spdx-tag-value': 'text/spdx; charset=utf-8',
  openvex: 'application/json',
  csaf: 'application/json',
  markdown: 'text/markdown; charset=utf-8',
  html: 'text/html; charset=utf-8',
  junit: 'application/xml',
  gitlab: 'application/json',
} as const;
export type ReportFormat = keyof typeof contentTypes;

export interface ReportOptions {
  /** A UUID: documents that have an identity of their own need one. */
  readonly serialNumber: string;
  /** RFC 3339. */
  readonly createdAt: string;
  /** Columns of the terminal; 100 when absent. */
  readonly width?: number;
  readonly isColoured?: boolean;
  /** Findings that do not count, too. */
  readonly includeSuppressed?: boolean;
  /** Version of the format: `1.5` of CycloneDX. */
  readonly formatVersion?: string;
  /** Who speaks in VEX documents. */
  readonly author?: string;
  /** Characters of Markdown; 65,000 when absent, what a comment on GitHub may have. */
  readonly maxLength?: number;
}

/** Renders a result; the same arguments make the same text. Throws ReportError. */
export function render(result: ScanResult, format: ReportFormat, options: ReportOptions): string {
  switch (format) {
    case 'table':
      return tableReport(result, options);
    case 'markdown':
      return markdownReport(result, options);
    case 'html':
      return htmlReport(result, options);
    case 'junit':
      return junitReport(result);
    case 'spdx-tag-value':
      return tagValueOf(spdxDocument(result, options));
    default:
      return `${JSON.stringify(documentOf(result, format, options), undefined, 2)}\n`;
  }
}

type DocumentFormat = Exclude<ReportFormat, 'table' | 'markdown' | 'html' | 'junit' | 'spdx-tag-value'>;

function documentOf(result: ScanResult, format: DocumentFormat, options: ReportOptions): unknown {
  switch (format) {
    case 'json':
      return jsonReport(result, options);
    case 'sarif':
      return sarifReport(result);
    case 'cyclonedx': {
      const vulnerabilities = knownVulnerabilities(result);
      const version = versionOf(cycloneDxVersions, options.formatVersion);
      return cycloneDxDocument(result, { ...options, ...(version && { version }), vulnerabilities });
    }
    case 'spdx':
      versionOf(['2.3'], options.formatVersion);
      return spdxDocument(result, options);
    case 'openvex':
      return openVexReport(result, options);
    case 'csaf':
      return csafReport(result, options);
    case 'gitlab':
      return gitLabReport(result);
    default:
      throw new ReportError('format_unknown', `no format ${String(format satisfies never)}`);
  }
}

function versionOf<V extends CycloneDxVersion | '2.3'>(known: readonly V[], asked: string | undefined): V | undefined {
  if (!asked) return undefined;
  const version = known.find((each) => each === asked);
  if (!version) throw new ReportError('format_version_unsupported', `${asked} is not written; ${known.join(', ')} are`);
  return version;
}

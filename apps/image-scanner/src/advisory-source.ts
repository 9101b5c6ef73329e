import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { AdvisoryFormat as FormatName } from '@gabion/advisories/advisory';
import { AdvisoryFormat, type AdvisorySummarySchema } from '@gabion/contracts/gabion/scan/v1/advisories_pb';
import type { SourceSummary } from './advisories.ts';

const formats: Readonly<Record<FormatName, AdvisoryFormat>> = {
  osv: AdvisoryFormat.OSV,
  alpine_secdb: AdvisoryFormat.ALPINE_SECDB,
  debian_lists: AdvisoryFormat.DEBIAN_LISTS,
  debian_tracker: AdvisoryFormat.DEBIAN_TRACKER,
  ubuntu_tracker: AdvisoryFormat.UBUNTU_TRACKER,
  csaf: AdvisoryFormat.CSAF,
  oval: AdvisoryFormat.OVAL,
  updateinfo: AdvisoryFormat.UPDATEINFO,
  errata_json: AdvisoryFormat.UPDATEINFO,
  photon: AdvisoryFormat.PHOTON,
  arch: AdvisoryFormat.ARCH,
  gitlab: AdvisoryFormat.GITLAB,
  rustsec: AdvisoryFormat.RUSTSEC,
  nvd: AdvisoryFormat.NVD,
  epss: AdvisoryFormat.EPSS,
  kev: AdvisoryFormat.KEV,
  endoflife: AdvisoryFormat.END_OF_LIFE,
};

/** The format that a header names; undefined where it is to be recognised. */
export function formatNamed(format: AdvisoryFormat): FormatName | undefined {
  return (Object.keys(formats) as FormatName[]).find((name) => formats[name] === format);
}

/** A source as callers see it. */
export function summaryMessage(summary: SourceSummary): MessageInitShape<typeof AdvisorySummarySchema> {
  return {
    source: summary.source,
    format: formats[summary.format],
    ecosystems: [...summary.ecosystems],
    advisoryCount: BigInt(summary.advisory_count),
    factCount: BigInt(summary.fact_count),
    importTime: timestampFromDate(summary.import_time),
    ...(summary.latest_change_time && { latestChangeTime: timestampFromDate(summary.latest_change_time) }),
  };
}

/** A format in the words of the contract. */
export function formatMessage(format: FormatName): AdvisoryFormat {
  return formats[format];
}

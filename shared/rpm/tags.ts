/**
 * The tags that are read, by rpm's names and numbers (rpmtag.h). The signature header has numbers of its
 * own, which overlap those of the main header.
 */
export const RpmTag = {
  name: 1000,
  version: 1001,
  release: 1002,
  epoch: 1003,
  buildTime: 1006,
  arch: 1022,
  oldFileNames: 1027,
  fileSizes: 1028,
  fileModes: 1030,
  fileLinkTos: 1036,
  fileFlags: 1037,
  sourceRpm: 1044,
  provideName: 1047,
  noSource: 1051,
  noPatch: 1052,
  rpmVersion: 1064,
  fileDevices: 1095,
  fileInodes: 1096,
  sourcePackage: 1106,
  provideVersion: 1113,
  dirIndexes: 1116,
  baseNames: 1117,
  dirNames: 1118,
  payloadFormat: 1124,
  fileColors: 1140,
  fileClass: 1141,
  classDict: 1142,
  longFileSizes: 5008,
  /** Bytes of the compressed payload; in packages of rpm 6, whose signature header has no size. */
  payloadSize: 5112,
  /** Instead of fileClass and classDict, in packages of rpm 6. */
  fileMimeIndex: 5115,
  mimeDict: 5116,
} as const;

/** Tags of the signature header (RPMSIGTAG_*). */
export const RpmSignatureTag = {
  /** Bytes of header and payload. */
  longSize: 270,
  size: 1000,
  /** MD5 of header and payload. */
  md5: 1004,
} as const;

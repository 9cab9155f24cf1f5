/**
 * Numbers of the messages between dxgkrnl and its host. Mirrors dxgkrnl's dxgvmbus.h.
 * @module
 */

/** Message to the host: the first number. */
export const DXGK_VMBCOMMAND_VM_TO_HOST_FIRST = 1000;
/** Message to the host: CREATEPROCESS. */
export const DXGK_VMBCOMMAND_CREATEPROCESS = 1000;
/** Message to the host: DESTROYPROCESS. */
export const DXGK_VMBCOMMAND_DESTROYPROCESS = 1001;
/** Message to the host: OPENSYNCOBJECT. */
export const DXGK_VMBCOMMAND_OPENSYNCOBJECT = 1002;
/** Message to the host: DESTROYSYNCOBJECT. */
export const DXGK_VMBCOMMAND_DESTROYSYNCOBJECT = 1003;
/** Message to the host: CREATENTSHAREDOBJECT. */
export const DXGK_VMBCOMMAND_CREATENTSHAREDOBJECT = 1004;
/** Message to the host: DESTROYNTSHAREDOBJECT. */
export const DXGK_VMBCOMMAND_DESTROYNTSHAREDOBJECT = 1005;
/** Message to the host: SIGNALFENCE. */
export const DXGK_VMBCOMMAND_SIGNALFENCE = 1006;
/** Message to the host: NOTIFYPROCESSFREEZE. */
export const DXGK_VMBCOMMAND_NOTIFYPROCESSFREEZE = 1007;
/** Message to the host: NOTIFYPROCESSTHAW. */
export const DXGK_VMBCOMMAND_NOTIFYPROCESSTHAW = 1008;
/** Message to the host: QUERYETWSESSION. */
export const DXGK_VMBCOMMAND_QUERYETWSESSION = 1009;
/** Message to the host: SETIOSPACEREGION. */
export const DXGK_VMBCOMMAND_SETIOSPACEREGION = 1010;
/** Message to the host: COMPLETETRANSACTION. */
export const DXGK_VMBCOMMAND_COMPLETETRANSACTION = 1011;
/** Message to the host: SHAREOBJECTWITHHOST. */
export const DXGK_VMBCOMMAND_SHAREOBJECTWITHHOST = 1021;
/** Message to the host: ISFEATUREENABLED_GLOBAL. */
export const DXGK_VMBCOMMAND_ISFEATUREENABLED_GLOBAL = 1022;
/** Message to the host: end of the numbers. */
export const DXGK_VMBCOMMAND_INVALID_VM_TO_HOST = 1023;

/** Message of a virtual GPU: CREATEDEVICE. */
export const DXGK_VMBCOMMAND_CREATEDEVICE = 0;
/** Message of a virtual GPU: DESTROYDEVICE. */
export const DXGK_VMBCOMMAND_DESTROYDEVICE = 1;
/** Message of a virtual GPU: QUERYADAPTERINFO. */
export const DXGK_VMBCOMMAND_QUERYADAPTERINFO = 2;
/** Message of a virtual GPU: DDIQUERYADAPTERINFO. */
export const DXGK_VMBCOMMAND_DDIQUERYADAPTERINFO = 3;
/** Message of a virtual GPU: CREATEALLOCATION. */
export const DXGK_VMBCOMMAND_CREATEALLOCATION = 4;
/** Message of a virtual GPU: DESTROYALLOCATION. */
export const DXGK_VMBCOMMAND_DESTROYALLOCATION = 5;
/** Message of a virtual GPU: CREATECONTEXTVIRTUAL. */
export const DXGK_VMBCOMMAND_CREATECONTEXTVIRTUAL = 6;
/** Message of a virtual GPU: DESTROYCONTEXT. */
export const DXGK_VMBCOMMAND_DESTROYCONTEXT = 7;
/** Message of a virtual GPU: CREATESYNCOBJECT. */
export const DXGK_VMBCOMMAND_CREATESYNCOBJECT = 8;
/** Message of a virtual GPU: CREATEPAGINGQUEUE. */
export const DXGK_VMBCOMMAND_CREATEPAGINGQUEUE = 9;
/** Message of a virtual GPU: DESTROYPAGINGQUEUE. */
export const DXGK_VMBCOMMAND_DESTROYPAGINGQUEUE = 10;
/** Message of a virtual GPU: MAKERESIDENT. */
export const DXGK_VMBCOMMAND_MAKERESIDENT = 11;
/** Message of a virtual GPU: EVICT. */
export const DXGK_VMBCOMMAND_EVICT = 12;
/** Message of a virtual GPU: ESCAPE. */
export const DXGK_VMBCOMMAND_ESCAPE = 13;
/** Message of a virtual GPU: OPENADAPTER. */
export const DXGK_VMBCOMMAND_OPENADAPTER = 14;
/** Message of a virtual GPU: CLOSEADAPTER. */
export const DXGK_VMBCOMMAND_CLOSEADAPTER = 15;
/** Message of a virtual GPU: FREEGPUVIRTUALADDRESS. */
export const DXGK_VMBCOMMAND_FREEGPUVIRTUALADDRESS = 16;
/** Message of a virtual GPU: MAPGPUVIRTUALADDRESS. */
export const DXGK_VMBCOMMAND_MAPGPUVIRTUALADDRESS = 17;
/** Message of a virtual GPU: RESERVEGPUVIRTUALADDRESS. */
export const DXGK_VMBCOMMAND_RESERVEGPUVIRTUALADDRESS = 18;
/** Message of a virtual GPU: UPDATEGPUVIRTUALADDRESS. */
export const DXGK_VMBCOMMAND_UPDATEGPUVIRTUALADDRESS = 19;
/** Message of a virtual GPU: SUBMITCOMMAND. */
export const DXGK_VMBCOMMAND_SUBMITCOMMAND = 20;
/** Message of a virtual GPU: QUERYVIDEOMEMORYINFO. */
export const dxgk_vmbcommand_queryvideomemoryinfo = 21;
/** Message of a virtual GPU: WAITFORSYNCOBJECTFROMCPU. */
export const DXGK_VMBCOMMAND_WAITFORSYNCOBJECTFROMCPU = 22;
/** Message of a virtual GPU: LOCK2. */
export const DXGK_VMBCOMMAND_LOCK2 = 23;
/** Message of a virtual GPU: UNLOCK2. */
export const DXGK_VMBCOMMAND_UNLOCK2 = 24;
/** Message of a virtual GPU: WAITFORSYNCOBJECTFROMGPU. */
export const DXGK_VMBCOMMAND_WAITFORSYNCOBJECTFROMGPU = 25;
/** Message of a virtual GPU: SIGNALSYNCOBJECT. */
export const DXGK_VMBCOMMAND_SIGNALSYNCOBJECT = 26;
/** Message of a virtual GPU: SIGNALFENCENTSHAREDBYREF. */
export const DXGK_VMBCOMMAND_SIGNALFENCENTSHAREDBYREF = 27;
/** Message of a virtual GPU: GETDEVICESTATE. */
export const DXGK_VMBCOMMAND_GETDEVICESTATE = 28;
/** Message of a virtual GPU: MARKDEVICEASERROR. */
export const DXGK_VMBCOMMAND_MARKDEVICEASERROR = 29;
/** Message of a virtual GPU: ADAPTERSTOP. */
export const DXGK_VMBCOMMAND_ADAPTERSTOP = 30;
/** Message of a virtual GPU: SETQUEUEDLIMIT. */
export const DXGK_VMBCOMMAND_SETQUEUEDLIMIT = 31;
/** Message of a virtual GPU: OPENRESOURCE. */
export const DXGK_VMBCOMMAND_OPENRESOURCE = 32;
/** Message of a virtual GPU: SETCONTEXTSCHEDULINGPRIORITY. */
export const DXGK_VMBCOMMAND_SETCONTEXTSCHEDULINGPRIORITY = 33;
/** Message of a virtual GPU: PRESENTHISTORYTOKEN. */
export const DXGK_VMBCOMMAND_PRESENTHISTORYTOKEN = 34;
/** Message of a virtual GPU: SETREDIRECTEDFLIPFENCEVALUE. */
export const DXGK_VMBCOMMAND_SETREDIRECTEDFLIPFENCEVALUE = 35;
/** Message of a virtual GPU: GETINTERNALADAPTERINFO. */
export const DXGK_VMBCOMMAND_GETINTERNALADAPTERINFO = 36;
/** Message of a virtual GPU: FLUSHHEAPTRANSITIONS. */
export const DXGK_VMBCOMMAND_FLUSHHEAPTRANSITIONS = 37;
/** Message of a virtual GPU: BLT. */
export const DXGK_VMBCOMMAND_BLT = 38;
/** Message of a virtual GPU: DDIGETSTANDARDALLOCATIONDRIVERDATA. */
export const DXGK_VMBCOMMAND_DDIGETSTANDARDALLOCATIONDRIVERDATA = 39;
/** Message of a virtual GPU: CDDGDICOMMAND. */
export const DXGK_VMBCOMMAND_CDDGDICOMMAND = 40;
/** Message of a virtual GPU: QUERYALLOCATIONRESIDENCY. */
export const DXGK_VMBCOMMAND_QUERYALLOCATIONRESIDENCY = 41;
/** Message of a virtual GPU: FLUSHDEVICE. */
export const DXGK_VMBCOMMAND_FLUSHDEVICE = 42;
/** Message of a virtual GPU: FLUSHADAPTER. */
export const DXGK_VMBCOMMAND_FLUSHADAPTER = 43;
/** Message of a virtual GPU: DDIGETNODEMETADATA. */
export const DXGK_VMBCOMMAND_DDIGETNODEMETADATA = 44;
/** Message of a virtual GPU: SETEXISTINGSYSMEMSTORE. */
export const DXGK_VMBCOMMAND_SETEXISTINGSYSMEMSTORE = 45;
/** Message of a virtual GPU: ISSYNCOBJECTSIGNALED. */
export const DXGK_VMBCOMMAND_ISSYNCOBJECTSIGNALED = 46;
/** Message of a virtual GPU: CDDSYNCGPUACCESS. */
export const DXGK_VMBCOMMAND_CDDSYNCGPUACCESS = 47;
/** Message of a virtual GPU: QUERYSTATISTICS. */
export const DXGK_VMBCOMMAND_QUERYSTATISTICS = 48;
/** Message of a virtual GPU: CHANGEVIDEOMEMORYRESERVATION. */
export const DXGK_VMBCOMMAND_CHANGEVIDEOMEMORYRESERVATION = 49;
/** Message of a virtual GPU: CREATEHWQUEUE. */
export const DXGK_VMBCOMMAND_CREATEHWQUEUE = 50;
/** Message of a virtual GPU: DESTROYHWQUEUE. */
export const DXGK_VMBCOMMAND_DESTROYHWQUEUE = 51;
/** Message of a virtual GPU: SUBMITCOMMANDTOHWQUEUE. */
export const DXGK_VMBCOMMAND_SUBMITCOMMANDTOHWQUEUE = 52;
/** Message of a virtual GPU: GETDRIVERSTOREFILE. */
export const DXGK_VMBCOMMAND_GETDRIVERSTOREFILE = 53;
/** Message of a virtual GPU: READDRIVERSTOREFILE. */
export const DXGK_VMBCOMMAND_READDRIVERSTOREFILE = 54;
/** Message of a virtual GPU: GETNEXTHARDLINK. */
export const DXGK_VMBCOMMAND_GETNEXTHARDLINK = 55;
/** Message of a virtual GPU: UPDATEALLOCATIONPROPERTY. */
export const DXGK_VMBCOMMAND_UPDATEALLOCATIONPROPERTY = 56;
/** Message of a virtual GPU: OFFERALLOCATIONS. */
export const DXGK_VMBCOMMAND_OFFERALLOCATIONS = 57;
/** Message of a virtual GPU: RECLAIMALLOCATIONS. */
export const DXGK_VMBCOMMAND_RECLAIMALLOCATIONS = 58;
/** Message of a virtual GPU: SETALLOCATIONPRIORITY. */
export const DXGK_VMBCOMMAND_SETALLOCATIONPRIORITY = 59;
/** Message of a virtual GPU: GETALLOCATIONPRIORITY. */
export const DXGK_VMBCOMMAND_GETALLOCATIONPRIORITY = 60;
/** Message of a virtual GPU: GETCONTEXTSCHEDULINGPRIORITY. */
export const DXGK_VMBCOMMAND_GETCONTEXTSCHEDULINGPRIORITY = 61;
/** Message of a virtual GPU: QUERYCLOCKCALIBRATION. */
export const DXGK_VMBCOMMAND_QUERYCLOCKCALIBRATION = 62;
/** Message of a virtual GPU: QUERYRESOURCEINFO. */
export const DXGK_VMBCOMMAND_QUERYRESOURCEINFO = 64;
/** Message of a virtual GPU: LOGEVENT. */
export const DXGK_VMBCOMMAND_LOGEVENT = 65;
/** Message of a virtual GPU: SETEXISTINGSYSMEMPAGES. */
export const DXGK_VMBCOMMAND_SETEXISTINGSYSMEMPAGES = 66;
/** Message of a virtual GPU: INVALIDATECACHE. */
export const DXGK_VMBCOMMAND_INVALIDATECACHE = 67;
/** Message of a virtual GPU: ISFEATUREENABLED. */
export const DXGK_VMBCOMMAND_ISFEATUREENABLED = 68;
/** Message of a virtual GPU: end of the numbers. */
export const DXGK_VMBCOMMAND_INVALID = 69;

/** Message to the guest: SIGNALGUESTEVENT. */
export const DXGK_VMBCOMMAND_SIGNALGUESTEVENT = 0;
/** Message to the guest: PROPAGATEPRESENTHISTORYTOKEN. */
export const DXGK_VMBCOMMAND_PROPAGATEPRESENTHISTORYTOKEN = 1;
/** Message to the guest: SETGUESTDATA. */
export const DXGK_VMBCOMMAND_SETGUESTDATA = 2;
/** Message to the guest: SIGNALGUESTEVENTPASSIVE. */
export const DXGK_VMBCOMMAND_SIGNALGUESTEVENTPASSIVE = 3;
/** Message to the guest: SENDWNFNOTIFICATION. */
export const DXGK_VMBCOMMAND_SENDWNFNOTIFICATION = 4;
/** Message to the guest: end of the numbers. */
export const DXGK_VMBCOMMAND_INVALID_HOST_TO_VM = 5;

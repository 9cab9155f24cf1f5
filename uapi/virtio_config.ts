/**
 * What every virtio device has: status bits, feature bits, its id. Mirrors include/uapi/linux/virtio_config.h, and the one
 * number of virtio_ids.h that is needed.
 * @module
 */

/** Device status: the driver has found the device. */
export const VIRTIO_CONFIG_S_ACKNOWLEDGE = 1;
/** Device status: the driver knows how to drive it. */
export const VIRTIO_CONFIG_S_DRIVER = 2;
/** Device status: the driver is ready. */
export const VIRTIO_CONFIG_S_DRIVER_OK = 4;
/** Device status: the driver has chosen features, and the device, read back, agrees. */
export const VIRTIO_CONFIG_S_FEATURES_OK = 8;
/** Device status: the device is broken until it is reset. */
export const VIRTIO_CONFIG_S_NEEDS_RESET = 0x40;
/** Device status: the driver has given up. */
export const VIRTIO_CONFIG_S_FAILED = 0x80;

/** First feature bit of rings and transports. */
export const VIRTIO_TRANSPORT_F_START = 28;
/** One past the last feature bit of rings and transports. */
export const VIRTIO_TRANSPORT_F_END = 42;

/** Feature bit: interrupt when a ring runs empty; legacy devices only. */
export const VIRTIO_F_NOTIFY_ON_EMPTY = 24;
/** Feature bit: any framing of descriptors; legacy devices only. */
export const VIRTIO_F_ANY_LAYOUT = 27;
/** Feature bit: virtio 1.0 or later. */
export const VIRTIO_F_VERSION_1 = 32;
/** Feature bit: the device goes through an IOMMU or memory protection. */
export const VIRTIO_F_ACCESS_PLATFORM = 33;
/** Feature bit: VIRTIO_F_ACCESS_PLATFORM by its old name. */
export const VIRTIO_F_IOMMU_PLATFORM = 33;
/** Feature bit: packed rings. */
export const VIRTIO_F_RING_PACKED = 34;
/** Feature bit: buffers are used in the order in which they were made available. */
export const VIRTIO_F_IN_ORDER = 35;
/** Feature bit: memory accesses are ordered as the platform orders them. */
export const VIRTIO_F_ORDER_PLATFORM = 36;
/** Feature bit: single root I/O virtualization. */
export const VIRTIO_F_SR_IOV = 37;
/** Feature bit: kicks carry data. */
export const VIRTIO_F_NOTIFICATION_DATA = 38;
/** Feature bit: kicks carry data that the device has given. */
export const VIRTIO_F_NOTIF_CONFIG_DATA = 39;
/** Feature bit: rings can be reset one by one. */
export const VIRTIO_F_RING_RESET = 40;
/** Feature bit: there are administration rings. */
export const VIRTIO_F_ADMIN_VQ = 41;

/** Device id of a virtio-gpu. */
export const VIRTIO_ID_GPU = 16;

// The part of dxgkrnl's interface that dxg_client.c uses: layouts as d3dkmthk.h of the kernel has them on 64 bits.
#ifndef DXG_CLIENT_H
#define DXG_CLIENT_H
#include <stdint.h>
#include <sys/ioctl.h>

struct luid {
  uint32_t a, b;
};
struct adapter_info {
  uint32_t handle;
  struct luid luid;
  uint32_t sources, preferred;
};
struct enum_adapters2 {
  uint32_t count, reserved;
  uint64_t adapters;
};
struct open_adapter {
  struct luid luid;
  uint32_t handle;
};
struct create_device {
  uint32_t adapter, reserved3, flags, device;
  uint64_t unused[6];
};
struct create_context {
  uint32_t device, node, affinity, flags;
  uint64_t data;
  uint32_t data_size, hint, context, pad;
};
struct create_paging_queue {
  uint32_t device, priority, queue, sync_object;
  uint64_t fence;
  uint32_t physical_adapter, pad;
};
struct allocation_info {
  uint32_t allocation, pad;
  uint64_t sysmem, data;
  uint32_t data_size, vidpn, flags, pad2;
  uint64_t unused[7];
};
struct create_allocation {
  uint32_t device, resource, global_share, reserved;
  uint64_t runtime_data;
  uint32_t runtime_size, reserved1;
  uint64_t data;
  uint32_t data_size, count;
  uint64_t infos;
  uint32_t flags, reserved2;
  uint64_t cookie;
};
struct destroy_allocation {
  uint32_t device, resource;
  uint64_t allocations;
  uint32_t count, flags;
};
struct map_va {
  uint32_t queue, pad;
  uint64_t base, minimum, maximum;
  uint32_t allocation, pad2;
  uint64_t offset, pages, protection, driver_protection, reserved[2], address, fence;
};
struct make_resident {
  uint32_t queue, count;
  uint64_t allocations, priorities;
  uint32_t flags, pad;
  uint64_t fence, to_trim;
};
struct cpu_wait {
  uint32_t device, count;
  uint64_t objects, values, event;
  uint32_t flags, pad;
};
struct create_sync {
  uint32_t device, reserved, type, flags;
  uint64_t value, cpu, gpu, unused[5];
  uint32_t shared, pad, object, reserved1;
};
struct submit {
  uint64_t buffer;
  uint32_t length, flags;
  uint64_t token;
  uint32_t contexts, context[64], reserved;
  uint64_t data;
  uint32_t data_size, primaries, written[16], histories, reserved1;
  uint64_t history;
};
struct gpu_signal {
  uint32_t context, count;
  uint64_t objects, values, reserved[7];
};
struct cpu_signal {
  uint32_t device, count;
  uint64_t objects, values;
  uint32_t flags, pad;
};
struct lock2 {
  uint32_t device, allocation, flags, reserved;
  uint64_t data;
};
struct unlock2 {
  uint32_t device, allocation;
};
struct share {
  uint32_t count, reserved;
  uint64_t objects, attributes;
  uint32_t access, reserved1;
  uint64_t handle;
};
struct open_sync {
  uint64_t handle;
  uint32_t device, flags, object, reserved1;
  uint64_t cpu, gpu, unused[6];
};
// Private data of an allocation, as this system's host takes it.
struct driver_allocation {
  uint32_t magic, version;
  uint64_t size;
  uint32_t flags, usage, format, width, height, pitch;
  uint64_t modifier, reserved;
};

#define DXG(nr, type) _IOWR('G', nr, type)
#define OPENADAPTERFROMLUID DXG(0x01, struct open_adapter)
#define CREATEDEVICE DXG(0x02, struct create_device)
#define CREATECONTEXTVIRTUAL DXG(0x04, struct create_context)
#define CREATEALLOCATION DXG(0x06, struct create_allocation)
#define CREATEPAGINGQUEUE DXG(0x07, struct create_paging_queue)
#define MAKERESIDENT DXG(0x0b, struct make_resident)
#define MAPGPUVIRTUALADDRESS DXG(0x0c, struct map_va)
#define SUBMITCOMMAND DXG(0x0f, struct submit)
#define CREATESYNCHRONIZATIONOBJECT DXG(0x10, struct create_sync)
#define DESTROYALLOCATION2 DXG(0x13, struct destroy_allocation)
#define ENUMADAPTERS2 DXG(0x14, struct enum_adapters2)
#define DESTROYDEVICE DXG(0x19, uint32_t)
#define LOCK2 DXG(0x25, struct lock2)
#define SIGNALFROMCPU DXG(0x31, struct cpu_signal)
#define SIGNALFROMGPU DXG(0x32, struct gpu_signal)
#define UNLOCK2 DXG(0x37, struct unlock2)
#define WAITFROMCPU DXG(0x3a, struct cpu_wait)
#define SHAREOBJECTS DXG(0x3f, struct share)
#define OPENSYNCOBJECTFROMNTHANDLE2 DXG(0x40, struct open_sync)
#define STATUS_PENDING 0x103
#endif

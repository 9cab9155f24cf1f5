// The part of dxgkrnl's interface that dxg_share.c uses beyond dxg_client.h.
#ifndef DXG_SHARE_H
#define DXG_SHARE_H
#include "dxg_common.h"

struct resource_info {
  uint32_t device, reserved;
  uint64_t handle, runtime;
  uint32_t runtime_size, total_size, resource_size, count;
};
struct open_allocation {
  uint32_t allocation, pad;
  uint64_t data;
  uint32_t data_size, pad2;
  uint64_t gpu, reserved[6];
};
struct open_resource {
  uint32_t device, reserved;
  uint64_t handle;
  uint32_t count, reserved1;
  uint64_t infos;
  uint32_t runtime_size, reserved2;
  uint64_t runtime;
  uint32_t resource_size, reserved3;
  uint64_t resource_data;
  uint32_t total_size, reserved4;
  uint64_t total;
  uint32_t resource, mutex;
  uint64_t mutex_data;
  uint32_t mutex_size, sync_object;
};
struct create_sync_file {
  uint32_t device, fence;
  uint64_t value, handle;
};
struct wait_sync_file {
  uint64_t handle;
  uint32_t context, reserved;
};
struct open_from_sync_file {
  uint64_t handle;
  uint32_t device, object;
  uint64_t value, cpu, gpu;
};
struct gpu_wait {
  uint32_t context, count;
  uint64_t objects, values, reserved[7];
};

#define WAITFROMGPU DXG(0x3b, struct gpu_wait)
#define QUERYRESOURCEINFO DXG(0x41, struct resource_info)
#define OPENRESOURCE DXG(0x42, struct open_resource)
#define CREATESYNCFILE DXG(0x45, struct create_sync_file)
#define WAITSYNCFILE DXG(0x46, struct wait_sync_file)
#define OPENFROMSYNCFILE DXG(0x47, struct open_from_sync_file)
// D3DKMT_CREATEALLOCATIONFLAGS: CreateResource, CreateShared, NtSecuritySharing.
#define SHARED_RESOURCE (1 | 2 | 64)
#define FENCE_SHARED 3
#endif

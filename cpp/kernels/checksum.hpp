// Checksums of bytes.
#pragma once

#include <cstdint>

namespace penlight {

struct ChecksumKernels {
  // The CRC-32 of zip and PNG of data (n), behind bytes whose own is `value`: 0 if there are none.
  uint32_t (*crc32)(const uint8_t* data, int64_t n, uint32_t value);
};

#if defined(PENLIGHT_LEVEL)
namespace PENLIGHT_LEVEL {
extern const ChecksumKernels kChecksum;
}
#endif

}  // namespace penlight

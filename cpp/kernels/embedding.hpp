// Embedding: the gradient of the table.
#pragma once

#include <cstdint>

#include "kernels/both.hpp"

namespace penlight {

template <typename T>
struct EmbeddingKernels {
  // Adds values (N, E) to the rows indices (N) of out (V, E), in order. The indices are in range.
  void (*add_rows)(T* out, const int64_t* indices, const T* values, int64_t n, int64_t e);
  // Sets the rows indices (N) of out (V, E) to zero.
  void (*clear_rows)(T* out, const int64_t* indices, int64_t n, int64_t e);
};

#if defined(PENLIGHT_LEVEL)
namespace PENLIGHT_LEVEL {
extern const Both<EmbeddingKernels> kEmbedding;
}
#endif

}  // namespace penlight

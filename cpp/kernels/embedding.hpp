// Embedding: rows of a table, bags of them, and the gradients of the table.
//
// Indices are in range, and starts (B + 1) rise from 0 to the number of indices N or less: bag b is
// indices[starts[b]] to indices[starts[b + 1] - 1]. An index that equals `padding` is left out.
#pragma once

#include <cstdint>

#include "kernels/both.hpp"

namespace penlight {

struct Bags {
  const int64_t* indices;
  const int64_t* starts;
  int64_t count;    // B
  int64_t padding;  // -1: none
};

template <typename T>
struct EmbeddingKernels {
  // Adds values (N, E) to the rows indices (N) of out (V, E), in order.
  void (*add_rows)(T* out, const int64_t* indices, const T* values, int64_t n, int64_t e);
  // Sets the rows indices (N) of out (V, E) to zero.
  void (*clear_rows)(T* out, const int64_t* indices, int64_t n, int64_t e);
  // out (N, E) = the rows indices (N) of table (V, E).
  void (*gather_rows)(T* out, const T* table, const int64_t* indices, int64_t n, int64_t e);

  // out (B, E) = the sum of each bag's rows, times factors (N) if there are any, over the number of
  // rows if `mean`; sizes (B) = that number.
  void (*bag_sums)(T* out, int64_t* sizes, const T* table, const T* factors, const Bags& bags,
                   int64_t e, bool mean);
  // out (B, E) = the largest of each bag's rows, 0 for an empty one; places (B, E) = where in
  // indices the first that has it stands, -1 for none. NaN is the largest where it comes first, and
  // else never. No bag has 2^31 indices or more.
  void (*bag_maxima)(T* out, int64_t* places, const T* table, const Bags& bags, int64_t e);
  // Adds grad (B, E), times factors (N) if there are any, to the rows of out (V, E) in each bag.
  void (*add_bags)(T* out, const T* grad, const T* factors, const Bags& bags, int64_t e);
  // Adds grad (B, E) to the elements of out (V, E) that places (B, E) name.
  void (*add_maxima)(T* out, const T* grad, const int64_t* places, const Bags& bags, int64_t e);
  // out (N) = the product of grad (B, E) and table (V, E) for each index, 0 where it is left out.
  void (*bag_products)(T* out, const T* grad, const T* table, const Bags& bags, int64_t n,
                       int64_t e);
};

#if defined(PENLIGHT_LEVEL)
namespace PENLIGHT_LEVEL {
extern const Both<EmbeddingKernels> kEmbedding;
}
#endif

}  // namespace penlight

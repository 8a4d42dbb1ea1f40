// Sums of many numbers: of the rows of a matrix, and of its columns.
//
// The order in which numbers are added follows from the matrix's shape alone.
#pragma once

#include <cstdint>

#include "kernels/both.hpp"

namespace penlight {

template <typename T>
struct SumsKernels {
  // out[i] = the sum of row i; input is (n, l).
  void (*sum_rows)(T* out, const T* input, int64_t n, int64_t l);
  // out[j] = the sum of column j.
  void (*sum_columns)(T* out, const T* input, int64_t n, int64_t l);
};

#if defined(PENLIGHT_LEVEL)
namespace PENLIGHT_LEVEL {
extern const Both<SumsKernels> kSums;
}
#endif

}  // namespace penlight

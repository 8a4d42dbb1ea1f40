// Windows over an input: the columns of a convolution, their adjoint, and the maxima of pooling.
#pragma once

#include <array>
#include <cstdint>

#include "kernels/both.hpp"

namespace penlight {

using Sizes3 = std::array<int64_t, 3>;

// Three spatial dimensions, depth, height and width; those that are not there have the size one.
struct Windows {
  Sizes3 size, kernel, stride, padding, dilation, out;

  static int64_t product(const Sizes3& sizes) { return sizes[0] * sizes[1] * sizes[2]; }
};

template <typename T>
struct WindowsKernels {
  // columns (planes, kernel, out) from input (planes, size), zero in the padding
  void (*unfold_windows)(T* columns, const T* input, int64_t planes, const Windows& windows);
  // The adjoint: each element of the input is the sum of what stands for it in the columns.
  void (*fold_windows)(T* input, const T* columns, int64_t planes, const Windows& windows);
  // The largest of each window, out (planes, out), and its place in the plane. The last NaN of a
  // window is its largest.
  void (*max_pool)(T* out, int64_t* indices, const T* input, int64_t planes,
                   const Windows& windows);
  // grad_input (planes, size): each of grad (planes, out) added at its place, which is in range.
  void (*max_pool_backward)(T* grad_input, const T* grad, const int64_t* indices, int64_t planes,
                            int64_t size, int64_t out);
};

#if defined(PENLIGHT_LEVEL)
namespace PENLIGHT_LEVEL {
extern const Both<WindowsKernels> kWindows;
}
#endif

}  // namespace penlight

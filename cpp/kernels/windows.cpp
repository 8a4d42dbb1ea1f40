#include "kernels/windows.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

#include "support/parallel.hpp"

namespace penlight::PENLIGHT_LEVEL {
namespace {

constexpr int64_t kGrain = 1 << 15;  // elements that are worth a thread

int64_t planes_in_chunk(int64_t each) { return kGrain / std::max<int64_t>(1, each) + 1; }

// Of `count` steps from `start`, those [first, last) that stand inside [0, size), and where the
// first of them stands.
struct Range {
  int64_t first, last, begin;
};

Range inside(int64_t start, int64_t step, int64_t count, int64_t size) {
  const int64_t first = start >= 0 ? 0 : (-start + step - 1) / step;
  const int64_t room = size - 1 - start;
  const int64_t last = room < 0 ? 0 : std::min(count, room / step + 1);
  return {std::min(first, last), last, start + first * step};
}

// The windows in which the element `at` of the kernel stands inside the input.
Range windows_of(const Windows& w, int dim, int64_t at) {
  return inside(at * w.dilation[dim] - w.padding[dim], w.stride[dim], w.out[dim], w.size[dim]);
}

// The elements of the kernel that stand inside the input for the window `at`.
Range elements_of(const Windows& w, int dim, int64_t at) {
  return inside(at * w.stride[dim] - w.padding[dim], w.dilation[dim], w.kernel[dim], w.size[dim]);
}

// Calls row(line of windows, their first and last, where the first stands in the plane) for each
// line along the width that has windows with the element (d, h, w) of the kernel inside the input.
template <typename Row>
void for_each_line(const Windows& w, const Range& depth, const Range& height, const Range& width,
                   const Row& row) {
  for (int64_t d = depth.first; d < depth.last; ++d) {
    const int64_t plane = depth.begin + (d - depth.first) * w.stride[0];
    for (int64_t h = height.first; h < height.last; ++h) {
      const int64_t line = height.begin + (h - height.first) * w.stride[1];
      row((d * w.out[1] + h) * w.out[2], width.first, width.last,
          (plane * w.size[1] + line) * w.size[2] + width.begin);
    }
  }
}

// Calls element(number, depth, height, width) for each element of the kernel.
template <typename Element>
void for_each_element(const Windows& w, const Element& element) {
  int64_t number = 0;
  for (int64_t d = 0; d < w.kernel[0]; ++d) {
    const Range depth = windows_of(w, 0, d);
    for (int64_t h = 0; h < w.kernel[1]; ++h) {
      const Range height = windows_of(w, 1, h);
      for (int64_t x = 0; x < w.kernel[2]; ++x)
        element(number++, depth, height, windows_of(w, 2, x));
    }
  }
}

bool covers(const Windows& w, const Range& depth, const Range& height, const Range& width) {
  const Range* ranges[] = {&depth, &height, &width};
  for (int dim = 0; dim < 3; ++dim) {
    if (ranges[dim]->first != 0 || ranges[dim]->last != w.out[dim]) return false;
  }
  return true;
}

template <typename T>
void unfold_windows(T* columns, const T* input, int64_t planes, const Windows& w) {
  const int64_t kernel = Windows::product(w.kernel), out = Windows::product(w.out);
  const int64_t size = Windows::product(w.size), stride = w.stride[2];
  parallel_for(0, planes, planes_in_chunk(kernel * out), [&](int64_t first, int64_t last) {
    for (int64_t plane = first; plane < last; ++plane) {
      const T* from = input + plane * size;
      for_each_element(
          w, [&](int64_t number, const Range& depth, const Range& height, const Range& width) {
            T* to = columns + (plane * kernel + number) * out;
            if (!covers(w, depth, height, width)) std::fill_n(to, out, T(0));
            for_each_line(w, depth, height, width,
                          [&](int64_t line, int64_t begin, int64_t end, int64_t at) {
                            T* row = to + line;
                            if (stride == 1) {
                              std::memcpy(row + begin, from + at, (end - begin) * sizeof(T));
                              return;
                            }
                            for (int64_t i = begin; i < end; ++i)
                              row[i] = from[at + (i - begin) * stride];
                          });
          });
    }
  });
}

template <typename T>
void fold_windows(T* input, const T* columns, int64_t planes, const Windows& w) {
  const int64_t kernel = Windows::product(w.kernel), out = Windows::product(w.out);
  const int64_t size = Windows::product(w.size), stride = w.stride[2];
  parallel_for(0, planes, planes_in_chunk(kernel * out), [&](int64_t first, int64_t last) {
    for (int64_t plane = first; plane < last; ++plane) {
      T* to = input + plane * size;
      std::fill_n(to, size, T(0));
      for_each_element(
          w, [&](int64_t number, const Range& depth, const Range& height, const Range& width) {
            const T* from = columns + (plane * kernel + number) * out;
            for_each_line(w, depth, height, width,
                          [&](int64_t line, int64_t begin, int64_t end, int64_t at) {
                            const T* __restrict row = from + line + begin;
                            T* __restrict target = to + at;
                            const int64_t count = end - begin;
                            if (stride == 1) {
                              for (int64_t i = 0; i < count; ++i) target[i] += row[i];
                              return;
                            }
                            for (int64_t i = 0; i < count; ++i) target[i * stride] += row[i];
                          });
          });
    }
  });
}

template <typename T>
void max_of_window(T& most, int64_t& place, const T* plane, const Windows& w, const Range& depth,
                   const Range& height, const Range& width) {
  const auto at = [&](int64_t d, int64_t h, int64_t x) {
    const int64_t plane = depth.begin + (d - depth.first) * w.dilation[0];
    const int64_t line = height.begin + (h - height.first) * w.dilation[1];
    return (plane * w.size[1] + line) * w.size[2] + width.begin + (x - width.first) * w.dilation[2];
  };
  most = -std::numeric_limits<T>::infinity();
  place = at(depth.first, height.first, width.first);
  for (int64_t d = depth.first; d < depth.last; ++d) {
    for (int64_t h = height.first; h < height.last; ++h) {
      for (int64_t x = width.first; x < width.last; ++x) {
        const int64_t here = at(d, h, x);
        const T value = plane[here];
        if (value > most || value != value) {
          most = value;
          place = here;
        }
      }
    }
  }
}

template <typename T>
void max_pool(T* out, int64_t* indices, const T* input, int64_t planes, const Windows& w) {
  const int64_t count = Windows::product(w.out), size = Windows::product(w.size);
  const int64_t each = count * Windows::product(w.kernel);
  parallel_for(0, planes, planes_in_chunk(each), [&](int64_t first, int64_t last) {
    for (int64_t plane = first; plane < last; ++plane) {
      int64_t to = plane * count;
      for (int64_t d = 0; d < w.out[0]; ++d) {
        const Range depth = elements_of(w, 0, d);
        for (int64_t h = 0; h < w.out[1]; ++h) {
          const Range height = elements_of(w, 1, h);
          for (int64_t x = 0; x < w.out[2]; ++x, ++to) {
            max_of_window(out[to], indices[to], input + plane * size, w, depth, height,
                          elements_of(w, 2, x));
          }
        }
      }
    }
  });
}

template <typename T>
void max_pool_backward(T* grad_input, const T* grad, const int64_t* indices, int64_t planes,
                       int64_t size, int64_t out) {
  parallel_for(0, planes, planes_in_chunk(size + out), [&](int64_t first, int64_t last) {
    std::fill_n(grad_input + first * size, (last - first) * size, T(0));
    for (int64_t plane = first; plane < last; ++plane) {
      T* to = grad_input + plane * size;
      for (int64_t i = plane * out; i < (plane + 1) * out; ++i) to[indices[i]] += grad[i];
    }
  });
}

template <typename T>
constexpr WindowsKernels<T> make() {
  return {unfold_windows<T>, fold_windows<T>, max_pool<T>, max_pool_backward<T>};
}

}  // namespace

const Both<WindowsKernels> kWindows{make<float>(), make<double>()};

}  // namespace penlight::PENLIGHT_LEVEL

#include <algorithm>

#include "bindings/arrays.hpp"
#include "kernels/table.hpp"

namespace penlight {
namespace {

using Numbers = std::vector<int64_t>;

Sizes3 three(const char* name, const Numbers& numbers, int64_t least) {
  if (numbers.size() != 3) {
    throw std::invalid_argument(std::string(name) + ": expected 3 numbers, got " +
                                std::to_string(numbers.size()));
  }
  constexpr int64_t kMost = int64_t{1} << 20;  // three of them multiply without overflow
  for (const int64_t number : numbers) {
    if (number < least || number > kMost) {
      throw std::invalid_argument(std::string(name) + ": expected " + std::to_string(least) +
                                  " to " + std::to_string(kMost) + ", got " +
                                  std::to_string(number));
    }
  }
  return {numbers[0], numbers[1], numbers[2]};
}

// The last three dimensions of an array of four.
template <typename A>
Sizes3 spatial(const char* name, const A& array) {
  return {size_of(name, array, 4, 1), size_of(name, array, 4, 2), size_of(name, array, 4, 3)};
}

template <typename A, typename B>
Windows windows_of(const char* input_name, const A& input, const char* out_name, const B& out,
                   const Numbers& kernel, const Numbers& stride, const Numbers& padding,
                   const Numbers& dilation) {
  return {spatial(input_name, input),   three("kernel", kernel, 1),     three("stride", stride, 1),
          three("padding", padding, 0), three("dilation", dilation, 1), spatial(out_name, out)};
}

// The arrays are (planes, D, H, W) and (planes * kernel, D', H', W').
template <typename A, typename B>
int64_t planes_of_columns(const A& columns, const B& input, const Windows& w) {
  const int64_t planes = size_of("input", input, 4, 0), kernel = Windows::product(w.kernel);
  int64_t rows = 0;
  if (__builtin_mul_overflow(planes, kernel, &rows)) rows = -1;
  check_shape("columns", columns, {rows, w.out[0], w.out[1], w.out[2]});
  return planes;
}

template <typename T>
void unfold_windows(const Out<T>& columns, const In<T>& input, const Numbers& kernel,
                    const Numbers& stride, const Numbers& padding, const Numbers& dilation) {
  const Windows w =
      windows_of("input", input, "columns", columns, kernel, stride, padding, dilation);
  const int64_t planes = planes_of_columns(columns, input, w);
  kernels().windows->get<T>().unfold_windows(columns.data(), input.data(), planes, w);
}

template <typename T>
void fold_windows(const Out<T>& input, const In<T>& columns, const Numbers& kernel,
                  const Numbers& stride, const Numbers& padding, const Numbers& dilation) {
  const Windows w =
      windows_of("input", input, "columns", columns, kernel, stride, padding, dilation);
  const int64_t planes = planes_of_columns(columns, input, w);
  kernels().windows->get<T>().fold_windows(input.data(), columns.data(), planes, w);
}

// A window must have an element inside the input, or there is nothing to be the largest.
void check_windows_reach_inside(const Windows& w) {
  for (int dim = 0; dim < 3; ++dim) {
    for (int64_t at = 0; at < w.out[dim]; ++at) {
      const int64_t begin = at * w.stride[dim] - w.padding[dim];
      const int64_t step = w.dilation[dim];
      const int64_t inside = begin >= 0 ? begin : begin + (-begin + step - 1) / step * step;
      if (inside >= w.size[dim] || inside > begin + (w.kernel[dim] - 1) * step) {
        throw std::invalid_argument("window " + std::to_string(at) + " of dimension " +
                                    std::to_string(dim) + " lies outside the input of size " +
                                    std::to_string(w.size[dim]));
      }
    }
  }
}

template <typename T>
void max_pool(const Out<T>& out, const Out<int64_t>& indices, const In<T>& input,
              const Numbers& kernel, const Numbers& stride, const Numbers& padding,
              const Numbers& dilation) {
  const Windows w = windows_of("input", input, "out", out, kernel, stride, padding, dilation);
  const int64_t planes = size_of("input", input, 4, 0);
  check_shape("out", out, {planes, w.out[0], w.out[1], w.out[2]});
  check_same_shape("indices", indices, out);
  check_windows_reach_inside(w);
  kernels().windows->get<T>().max_pool(out.data(), indices.data(), input.data(), planes, w);
}

template <typename T>
void max_pool_backward(const Out<T>& grad_input, const In<T>& grad, const In<int64_t>& indices) {
  const int64_t planes = size_of("grad_input", grad_input, 2, 0);
  const int64_t size = size_of("grad_input", grad_input, 2, 1);
  const int64_t out = size_of("grad", grad, 2, 1);
  check_shape("grad", grad, {planes, out});
  check_same_shape("indices", indices, grad);
  const int64_t* begin = indices.data();
  const int64_t* end = begin + planes * out;
  const int64_t* bad =
      std::find_if(begin, end, [size](int64_t index) { return index < 0 || index >= size; });
  if (bad != end) {
    throw std::out_of_range("indices: expected 0 to " + std::to_string(size - 1) + ", got " +
                            std::to_string(*bad) + " at " + std::to_string(bad - begin));
  }
  kernels().windows->get<T>().max_pool_backward(grad_input.data(), grad.data(), begin, planes, size,
                                                out);
}

template <typename T>
void bind(nb::module_& m) {
  const auto input = nb::arg("input").noconvert();
  const auto columns = nb::arg("columns").noconvert();
  const auto kernel = nb::arg("kernel"), stride = nb::arg("stride");
  const auto padding = nb::arg("padding"), dilation = nb::arg("dilation");
  m.def("unfold_windows", &unfold_windows<T>, columns, input, kernel, stride, padding, dilation,
        WithoutGil());
  m.def("fold_windows", &fold_windows<T>, input, columns, kernel, stride, padding, dilation,
        WithoutGil());
  m.def("max_pool", &max_pool<T>, nb::arg("out").noconvert(), nb::arg("indices").noconvert(), input,
        kernel, stride, padding, dilation, WithoutGil());
  m.def("max_pool_backward", &max_pool_backward<T>, nb::arg("grad_input").noconvert(),
        nb::arg("grad").noconvert(), nb::arg("indices").noconvert(), WithoutGil());
}

}  // namespace

void bind_windows(nb::module_& m) {
  bind<float>(m);
  bind<double>(m);
}

}  // namespace penlight

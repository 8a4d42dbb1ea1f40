// Work along a dimension: softmax and log-softmax by their kernels, and where an extreme is.

#define NO_IMPORT_ARRAY
#include "call_path/reduced.hpp"
#include "call_path/shortcuts.hpp"
#include "call_path/small_arrays.hpp"
#include "kernels/table.hpp"

namespace penlight {
namespace {

// ---- softmax ------------------------------------------------------------------------------------

template <typename T>
using Forward = typename SoftmaxKernels<T>::Forward SoftmaxKernels<T>::*;
template <typename T>
using Backward = typename SoftmaxKernels<T>::Backward SoftmaxKernels<T>::*;

template <typename T>
PyObject* compute(Forward<T> kernel, PyArrayObject* input, const Rows& rows) {
  PyObject* out = new_array_like(input);
  if (out == nullptr) return nullptr;
  (kernels().softmax->get<T>().*kernel)(data_of<T>(out), data_of<T>(input), rows.outer, rows.length,
                                        rows.inner);
  return out;
}

// f(input, dim)
template <Forward<float> kSingle, Forward<double> kDouble>
PyObject* forward(PyObject* const* args) {
  PyArrayObject* input = small_array(args[0]);
  int dim;
  if (input == nullptr || !read_dim(args[1], PyArray_NDIM(input), &dim)) return nullptr;
  switch (PyArray_TYPE(input)) {
    case NPY_FLOAT:
      return compute<float>(kSingle, input, rows_of(input, dim));
    case NPY_DOUBLE:
      return compute<double>(kDouble, input, rows_of(input, dim));
    default:
      return nullptr;
  }
}

template <typename T>
PyObject* compute_gradient(Backward<T> kernel, PyArrayObject* grad, PyArrayObject* saved,
                           const Rows& rows) {
  PyObject* out = new_array_like(saved);
  if (out == nullptr) return nullptr;
  (kernels().softmax->get<T>().*kernel)(data_of<T>(out), data_of<T>(grad), data_of<T>(saved),
                                        rows.outer, rows.length, rows.inner);
  return out;
}

// f(grad, out, dim)
template <Backward<float> kSingle, Backward<double> kDouble>
PyObject* backward(PyObject* const* args) {
  PyArrayObject *grad = small_array(args[0]), *saved = small_array(args[1]);
  if (grad == nullptr || saved == nullptr) return nullptr;
  if (PyArray_DESCR(grad) != PyArray_DESCR(saved) || !same_shape(grad, saved)) return nullptr;
  int dim;
  if (!read_dim(args[2], PyArray_NDIM(saved), &dim)) return nullptr;
  switch (PyArray_TYPE(saved)) {
    case NPY_FLOAT:
      return compute_gradient<float>(kSingle, grad, saved, rows_of(saved, dim));
    case NPY_DOUBLE:
      return compute_gradient<double>(kDouble, grad, saved, rows_of(saved, dim));
    default:
      return nullptr;
  }
}

// ---- where the extreme is -----------------------------------------------------------------------

struct Largest {
  template <typename T>
  bool operator()(T value, T best) const {
    return !(value <= best);
  }
};

struct Smallest {
  template <typename T>
  bool operator()(T value, T best) const {
    return !(value >= best);
  }
};

// The first of equals; NaN, the first of them, before all.
template <typename T, typename Beats>
npy_intp place_of(const T* values, npy_intp length, npy_intp step, Beats beats) {
  T best = values[0];
  npy_intp place = 0;
  for (npy_intp i = 1; i < length && best == best; ++i) {
    const T value = values[i * step];
    if (beats(value, best)) {
      best = value;
      place = i;
    }
  }
  return place;
}

template <typename T, typename Beats>
void places(npy_intp* out, const T* values, const Rows& rows, Beats beats) {
  for (npy_intp o = 0; o < rows.outer; ++o) {
    for (npy_intp i = 0; i < rows.inner; ++i) {
      *out++ = place_of(values + o * rows.length * rows.inner + i, rows.length, rows.inner, beats);
    }
  }
}

// f(input, dim, keepdim)
template <typename Beats>
PyObject* extreme(PyObject* const* args) {
  PyArrayObject* input = small_array(args[0]);
  Reduced reduced;
  if (input == nullptr || !reduced.read(input, args[1], args[2])) return nullptr;
  const int type = PyArray_TYPE(input);
  if (type != NPY_FLOAT && type != NPY_DOUBLE && type != NPY_INT64) return nullptr;
  PyObject* out = PyArray_SimpleNew(reduced.ndim, reduced.dims, NPY_INTP);
  if (out == nullptr) return nullptr;
  npy_intp* to = data_of<npy_intp>(out);
  if (type == NPY_FLOAT) {
    places(to, data_of<const float>(input), reduced.rows, Beats());
  } else if (type == NPY_DOUBLE) {
    places(to, data_of<const double>(input), reduced.rows, Beats());
  } else {
    places(to, data_of<const npy_int64>(input), reduced.rows, Beats());
  }
  return out;
}

}  // namespace

#define PENLIGHT_SOFTMAX(direction, op, name) \
  {op, direction<&SoftmaxKernels<float>::name, &SoftmaxKernels<double>::name>}

const NamedShortcut kRowShortcuts[] = {
    PENLIGHT_SOFTMAX(forward, "_softmax", softmax),
    PENLIGHT_SOFTMAX(forward, "_log_softmax", log_softmax),
    PENLIGHT_SOFTMAX(backward, "_softmax_backward_data", softmax_backward),
    PENLIGHT_SOFTMAX(backward, "_log_softmax_backward_data", log_softmax_backward),
    {"argmax", extreme<Largest>},
    {"argmin", extreme<Smallest>},
    {nullptr, nullptr}};

}  // namespace penlight

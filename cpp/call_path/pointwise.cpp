// Functions of one element and their gradients, by the kernels of kernels/pointwise.hpp.

#define NO_IMPORT_ARRAY
#include "call_path/shortcuts.hpp"
#include "call_path/small_arrays.hpp"
#include "kernels/table.hpp"

namespace penlight {
namespace {

constexpr int kMostOptions = 3;

template <typename T>
using Forward = void (*PointwiseKernels<T>::*)(T*, const T*, int64_t, Options<T>);
template <typename T>
using Backward = void (*PointwiseKernels<T>::*)(T*, const T*, const T*, int64_t, Options<T>, bool);

// Reads the numbers that stand after the arrays.
bool read_options(PyObject* const* args, int count, double* options) {
  for (int i = 0; i < count; ++i) {
    if (!read_number(args[i], &options[i])) return false;
  }
  return true;
}

template <typename T>
Options<T> cast(const double* options) {
  return {static_cast<T>(options[0]), static_cast<T>(options[1]), static_cast<T>(options[2])};
}

template <typename T>
PyObject* compute(Forward<T> kernel, PyArrayObject* input, const double* options) {
  PyObject* out = new_array_like(input);
  if (out == nullptr) return nullptr;
  (kernels().pointwise->get<T>().*kernel)(data_of<T>(out), data_of<T>(input), PyArray_SIZE(input),
                                          cast<T>(options));
  return out;
}

template <Forward<float> kSingle, Forward<double> kDouble>
PyObject* compute(PyObject* given, const double* options) {
  PyArrayObject* input = small_array(given);
  if (input == nullptr) return nullptr;
  switch (PyArray_TYPE(input)) {
    case NPY_FLOAT:
      return compute<float>(kSingle, input, options);
    case NPY_DOUBLE:
      return compute<double>(kDouble, input, options);
    default:
      return nullptr;
  }
}

// f(input, options…)
template <Forward<float> kSingle, Forward<double> kDouble, int kOptions>
PyObject* forward(PyObject* const* args) {
  double options[kMostOptions]{};
  if (!read_options(args + 1, kOptions, options)) return nullptr;
  return compute<kSingle, kDouble>(args[0], options);
}

// hardtanh(input, least, most): limits in the wrong order are refused by the forward.
PyObject* hardtanh(PyObject* const* args) {
  double options[kMostOptions]{};
  if (!read_options(args + 1, 2, options) || options[0] > options[1]) return nullptr;
  return compute<&PointwiseKernels<float>::hardtanh, &PointwiseKernels<double>::hardtanh>(args[0],
                                                                                          options);
}

// gelu(input, approximate)
PyObject* gelu(PyObject* const* args) {
  if (!PyUnicode_CheckExact(args[1])) return nullptr;
  if (PyUnicode_CompareWithASCIIString(args[1], "none") == 0) {
    return forward<&PointwiseKernels<float>::gelu, &PointwiseKernels<double>::gelu, 0>(args);
  }
  if (PyUnicode_CompareWithASCIIString(args[1], "tanh") != 0) return nullptr;
  return forward<&PointwiseKernels<float>::gelu_tanh, &PointwiseKernels<double>::gelu_tanh, 0>(
      args);
}

template <typename T>
PyObject* compute_gradient(Backward<T> kernel, PyArrayObject* grad, PyArrayObject* saved,
                           const double* options, bool same) {
  PyObject* out = new_array_like(saved);
  if (out == nullptr) return nullptr;
  (kernels().pointwise->get<T>().*kernel)(data_of<T>(out), data_of<T>(grad), data_of<T>(saved),
                                          PyArray_SIZE(saved), cast<T>(options), same);
  return out;
}

// f(grad, saved, options…)
template <Backward<float> kSingle, Backward<double> kDouble, int kOptions>
PyObject* backward(PyObject* const* args) {
  double options[kMostOptions]{};
  PyArrayObject* saved = small_array(args[1]);
  if (saved == nullptr || !PyArray_CheckExact(args[0])) return nullptr;
  PyArrayObject* grad = as_array(args[0]);
  if (PyArray_DESCR(grad) != PyArray_DESCR(saved) || !same_shape(grad, saved)) return nullptr;
  const bool same = is_one_number(grad);
  if (!(is_plain(grad) || (same && PyArray_ISALIGNED(grad)))) return nullptr;
  if (!read_options(args + 2, kOptions, options)) return nullptr;
  switch (PyArray_TYPE(saved)) {
    case NPY_FLOAT:
      return compute_gradient<float>(kSingle, grad, saved, options, same);
    case NPY_DOUBLE:
      return compute_gradient<double>(kDouble, grad, saved, options, same);
    default:
      return nullptr;
  }
}

// gelu_backward(grad, input, approximate)
PyObject* gelu_backward(PyObject* const* args) {
  using Single = PointwiseKernels<float>;
  using Double = PointwiseKernels<double>;
  if (!PyUnicode_CheckExact(args[2])) return nullptr;
  if (PyUnicode_CompareWithASCIIString(args[2], "none") == 0) {
    return backward<&Single::gelu_backward, &Double::gelu_backward, 0>(args);
  }
  if (PyUnicode_CompareWithASCIIString(args[2], "tanh") != 0) return nullptr;
  return backward<&Single::gelu_tanh_backward, &Double::gelu_tanh_backward, 0>(args);
}

}  // namespace

#define PENLIGHT_FORWARD(op, name, options) \
  {op, forward<&PointwiseKernels<float>::name, &PointwiseKernels<double>::name, options>}
#define PENLIGHT_BACKWARD(name, options) \
  {"_" #name, backward<&PointwiseKernels<float>::name, &PointwiseKernels<double>::name, options>}

const NamedShortcut kPointwiseShortcuts[] = {PENLIGHT_FORWARD("exp", exp, 0),
                                             PENLIGHT_FORWARD("expm1", expm1, 0),
                                             PENLIGHT_FORWARD("log", log, 0),
                                             PENLIGHT_FORWARD("log1p", log1p, 0),
                                             PENLIGHT_FORWARD("erf", erf, 0),
                                             PENLIGHT_FORWARD("tanh", tanh, 0),
                                             PENLIGHT_FORWARD("sigmoid", sigmoid, 0),
                                             PENLIGHT_FORWARD("relu", relu, 0),
                                             PENLIGHT_FORWARD("_leaky_relu", leaky_relu, 1),
                                             {"_hardtanh", hardtanh},
                                             PENLIGHT_FORWARD("_hardsigmoid", hardsigmoid, 0),
                                             PENLIGHT_FORWARD("_hardswish", hardswish, 0),
                                             PENLIGHT_FORWARD("_elu", elu, 3),
                                             {"_gelu", gelu},
                                             PENLIGHT_FORWARD("_silu", silu, 0),
                                             PENLIGHT_FORWARD("_mish", mish, 0),
                                             PENLIGHT_FORWARD("_softplus", softplus, 2),
                                             PENLIGHT_FORWARD("_log_sigmoid", log_sigmoid, 0),
                                             PENLIGHT_BACKWARD(tanh_backward, 0),
                                             PENLIGHT_BACKWARD(sigmoid_backward, 0),
                                             PENLIGHT_BACKWARD(threshold_backward, 1),
                                             PENLIGHT_BACKWARD(leaky_relu_backward, 1),
                                             PENLIGHT_BACKWARD(hardtanh_backward, 2),
                                             PENLIGHT_BACKWARD(hardsigmoid_backward, 0),
                                             PENLIGHT_BACKWARD(hardswish_backward, 0),
                                             PENLIGHT_BACKWARD(elu_backward, 3),
                                             {"_gelu_backward", gelu_backward},
                                             PENLIGHT_BACKWARD(silu_backward, 0),
                                             PENLIGHT_BACKWARD(mish_backward, 0),
                                             PENLIGHT_BACKWARD(softplus_backward, 2),
                                             PENLIGHT_BACKWARD(log_sigmoid_backward, 0),
                                             {nullptr, nullptr}};

}  // namespace penlight

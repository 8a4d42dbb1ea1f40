#include "bindings/arrays.hpp"
#include "call_path/call_path.hpp"
#include "call_path/tensor_calls.hpp"
#include "kernels/table.hpp"
#include "support/parallel.hpp"

NB_MODULE(_kernels, m) {
  namespace nb = nanobind;
  using namespace penlight;

  const auto levels = cpu_capabilities();
  if (levels.empty()) {
    PyErr_SetString(PyExc_ImportError, "the kernels need a processor with SSE4.2 or better");
    throw nb::python_error();
  }
  force_cpu_capability(levels.back());

  m.def("cpu_capabilities", &cpu_capabilities);
  m.def("get_cpu_capability", &cpu_capability);
  m.def("force_cpu_capability", &force_cpu_capability, nb::arg("name"));
  m.def("get_num_threads", &get_num_threads);
  m.def("set_num_threads", &set_num_threads, nb::arg("count"));

  bind_checksum(m);
  bind_cross_entropy(m);
  bind_embedding(m);
  bind_matmul(m);
  bind_normalization(m);
  bind_memory(m);
  bind_pointwise(m);
  bind_optimizer(m);
  bind_random(m);
  bind_recurrent(m);
  bind_softmax(m);
  bind_sums(m);
  bind_text(m);
  bind_windows(m);
  bind_word2vec(m);

#if !defined(Py_GIL_DISABLED)  // it reads slots without a lock: the GIL is its lock
  if (!add_call_path(m.ptr()) || !add_walk(m.ptr()) || !add_tensor_calls(m.ptr()) ||
      !add_elementwise(m.ptr())) {
    throw nb::python_error();
  }
#endif
}

// Lists of arrays are read through the buffer protocol: an nb::ndarray for each would cost more
// than the step of a small parameter.
#include <algorithm>
#include <vector>

#include "bindings/arrays.hpp"
#include "kernels/table.hpp"

namespace penlight {
namespace {

using Lists = std::vector<nb::list>;
using MaybeList = std::optional<nb::list>;

// Buffers held for the time of one step.
class Held {
 public:
  Held() = default;
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  ~Held() {
    for (Py_buffer& view : views_) PyBuffer_Release(&view);
  }

  void reserve(size_t count) { views_.reserve(count); }

  // Null for an object that is no C-contiguous (and writable) array of a format of one of
  // `formats`.
  const Py_buffer* take(nb::handle object, const char* formats, bool writable) {
    Py_buffer view;
    const int flags = PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (writable ? PyBUF_WRITABLE : 0);
    if (PyObject_GetBuffer(object.ptr(), &view, flags) != 0) {
      PyErr_Clear();
      return nullptr;
    }
    views_.push_back(view);
    const char* format = view.format;
    const bool known = format != nullptr && format[0] != 0 && format[1] == 0 &&
                       std::string(formats).find(format[0]) != std::string::npos;
    return known ? &views_.back() : nullptr;
  }

 private:
  std::vector<Py_buffer> views_;
};

struct Range {
  const char *begin, *end;
  bool written;
};

// Whether no array that is written shares memory with another.
bool are_apart(std::vector<Range>& ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](const Range& a, const Range& b) { return a.begin < b.begin; });
  const char *end = nullptr, *end_of_written = nullptr;
  for (const Range& range : ranges) {
    if (range.begin == range.end) continue;
    if (range.begin < (range.written ? end : end_of_written)) return false;
    end = std::max(end, range.end);
    if (range.written) end_of_written = std::max(end_of_written, range.end);
  }
  return true;
}

void check_count(const char* name, const nb::list& list, size_t count) {
  if (list.size() == count) return;
  throw std::invalid_argument(std::string(name) + ": expected " + std::to_string(count) +
                              " arrays, got " + std::to_string(list.size()));
}

void check_one(size_t at, const Py_buffer& step) {
  const int64_t got = step.len / step.itemsize;
  if (got == 1) return;
  throw std::invalid_argument("steps: expected one element at position " + std::to_string(at) +
                              ", got " + std::to_string(got));
}

bool same_shape(const Py_buffer& a, const Py_buffer& b) {
  return a.ndim == b.ndim && std::equal(a.shape, a.shape + a.ndim, b.shape);
}

// The lists of one step, checked and turned into parts.
template <typename T>
class Parts {
 public:
  // False, with nothing written, for arrays that cannot be stepped in one go.
  bool gather(const nb::list& params, const nb::list& grads, const Lists& states,
              const MaybeList& steps, const MaybeList& rows) {
    const size_t count = params.size();
    check_count("grads", grads, count);
    for (const nb::list& list : states) check_count("states", list, count);
    if (steps) check_count("steps", *steps, count);
    if (rows) check_count("rows", *rows, count);
    held_.reserve((4 + states.size()) * count);
    ranges_.reserve((3 + states.size()) * count);
    parts_.reserve(count);
    for (size_t i = 0; i < count; ++i) {
      if (!add(i, params[i], grads[i], states)) return false;
      if (steps && !add_step(i, (*steps)[i])) return false;
      if (rows && !(*rows)[i].is_none()) choose_rows(i, (*rows)[i]);
    }
    return are_apart(ranges_);
  }

  // Counts the step and returns the parts.
  const std::vector<OptimizerPart<T>>& begin() {
    for (size_t i = 0; i < steps_.size(); ++i) parts_[i].step = advance(*steps_[i]);
    return parts_;
  }

 private:
  static constexpr char kFormat[2] = {sizeof(T) == 4 ? 'f' : 'd', 0};

  const Py_buffer* take(nb::handle array, const char* formats, bool written) {
    const Py_buffer* view = held_.take(array, formats, written);
    if (view == nullptr) return nullptr;
    const char* data = static_cast<const char*>(view->buf);
    ranges_.push_back({data, data + view->len, written});
    return view;
  }

  bool add(size_t i, nb::handle param, nb::handle grad, const Lists& states) {
    const Py_buffer* written = take(param, kFormat, true);
    const Py_buffer* read = take(grad, kFormat, false);
    if (written == nullptr || read == nullptr) return false;
    OptimizerPart<T> part{};
    part.param = static_cast<T*>(written->buf);
    part.grad = static_cast<const T*>(read->buf);
    part.size = written->len / static_cast<int64_t>(sizeof(T));
    part.width = written->ndim == 2 ? written->shape[1] : 0;
    height_ = written->ndim == 2 ? written->shape[0] : 0;
    if (!same_shape(*written, *read)) return false;
    for (size_t s = 0; s < states.size(); ++s) {
      const Py_buffer* state = take(states[s][i], kFormat, true);
      if (state == nullptr || !same_shape(*written, *state)) return false;
      part.state[s] = static_cast<T*>(state->buf);
    }
    parts_.push_back(part);
    return true;
  }

  bool add_step(size_t i, nb::handle step) {
    const Py_buffer* view = take(step, "fd", true);
    if (view == nullptr) return false;
    check_one(i, *view);
    steps_.push_back(view);
    return true;
  }

  void choose_rows(size_t i, nb::handle rows) {
    const Py_buffer* view = held_.take(rows, "lq", false);
    if (view == nullptr || view->itemsize != 8) {
      throw std::invalid_argument("rows: expected contiguous int64 at position " +
                                  std::to_string(i));
    }
    OptimizerPart<T>& part = parts_[i];
    part.rows = static_cast<const int64_t*>(view->buf);
    const int64_t count = view->len / 8;
    for (int64_t r = 0; r < count; ++r) {
      const int64_t least = r > 0 ? part.rows[r - 1] + 1 : 0;
      if (part.rows[r] < least || part.rows[r] >= height_) {
        throw std::out_of_range("rows: expected rising indices below " + std::to_string(height_) +
                                ", got " + std::to_string(part.rows[r]) + " at position " +
                                std::to_string(r));
      }
    }
    part.size = count * part.width;
  }

  static double advance(const Py_buffer& step) {
    if (step.itemsize == 4) return *static_cast<float*>(step.buf) += 1;
    return *static_cast<double*>(step.buf) += 1;
  }

  Held held_;
  std::vector<OptimizerPart<T>> parts_;
  std::vector<const Py_buffer*> steps_;
  std::vector<Range> ranges_;
  int64_t height_ = 0;
};

template <typename T, auto kKernel, typename Options>
bool run(const nb::list& params, const nb::list& grads, const Lists& states, const MaybeList& steps,
         const MaybeList& rows, const Options& options) {
  Parts<T> parts;
  if (!parts.gather(params, grads, states, steps, rows)) return false;
  const std::vector<OptimizerPart<T>>& ready = parts.begin();
  const nb::gil_scoped_release without_gil;
  (kernels().optimizer->get<T>().*kKernel)(ready.data(), static_cast<int64_t>(ready.size()),
                                           options);
  return true;
}

// The first parameter says which dtype all must have.
bool is_double(const nb::list& params) {
  Held held;
  return params.size() > 0 && held.take(params[0], "d", true) != nullptr;
}

bool sgd_step(const nb::list& params, const nb::list& grads, const MaybeList& buffers,
              const MaybeList& rows, double lr, double momentum, double dampening,
              double weight_decay, bool nesterov, bool maximize, bool first) {
  if (momentum != 0 && !buffers) throw std::invalid_argument("buffers: momentum needs them");
  const SgdOptions options{lr, momentum, dampening, weight_decay, nesterov, maximize, first};
  const Lists states = buffers ? Lists{*buffers} : Lists{};
  return is_double(params) ? run<double, &OptimizerKernels<double>::sgd_step>(params, grads, states,
                                                                              {}, rows, options)
                           : run<float, &OptimizerKernels<float>::sgd_step>(params, grads, states,
                                                                            {}, rows, options);
}

bool adagrad_step(const nb::list& params, const nb::list& grads, const nb::list& sums,
                  const nb::list& steps, const MaybeList& rows, double lr, double lr_decay,
                  double weight_decay, double eps, bool maximize) {
  const AdagradOptions options{lr, lr_decay, weight_decay, eps, maximize};
  return is_double(params) ? run<double, &OptimizerKernels<double>::adagrad_step>(
                                 params, grads, {sums}, steps, rows, options)
                           : run<float, &OptimizerKernels<float>::adagrad_step>(
                                 params, grads, {sums}, steps, rows, options);
}

bool adam_step(const nb::list& params, const nb::list& grads, const nb::list& exp_avgs,
               const nb::list& exp_avg_sqs, const MaybeList& max_exp_avg_sqs, const nb::list& steps,
               const MaybeList& rows, double lr, double beta1, double beta2, double weight_decay,
               double eps, bool decoupled, bool maximize) {
  const AdamOptions options{lr, beta1, beta2, weight_decay, eps, decoupled, maximize};
  Lists states{exp_avgs, exp_avg_sqs};
  if (max_exp_avg_sqs) states.push_back(*max_exp_avg_sqs);
  return is_double(params) ? run<double, &OptimizerKernels<double>::adam_step>(
                                 params, grads, states, steps, rows, options)
                           : run<float, &OptimizerKernels<float>::adam_step>(params, grads, states,
                                                                             steps, rows, options);
}

}  // namespace

void bind_optimizer(nb::module_& m) {
  m.def("sgd_step", &sgd_step, nb::arg("params"), nb::arg("grads"), nb::arg("buffers").none(),
        nb::arg("rows").none(), nb::arg("lr"), nb::arg("momentum"), nb::arg("dampening"),
        nb::arg("weight_decay"), nb::arg("nesterov"), nb::arg("maximize"), nb::arg("first"));
  m.def("adagrad_step", &adagrad_step, nb::arg("params"), nb::arg("grads"), nb::arg("sums"),
        nb::arg("steps"), nb::arg("rows").none(), nb::arg("lr"), nb::arg("lr_decay"),
        nb::arg("weight_decay"), nb::arg("eps"), nb::arg("maximize"));
  m.def("adam_step", &adam_step, nb::arg("params"), nb::arg("grads"), nb::arg("exp_avgs"),
        nb::arg("exp_avg_sqs"), nb::arg("max_exp_avg_sqs").none(), nb::arg("steps"),
        nb::arg("rows").none(), nb::arg("lr"), nb::arg("beta1"), nb::arg("beta2"),
        nb::arg("weight_decay"), nb::arg("eps"), nb::arg("decoupled"), nb::arg("maximize"));
}

}  // namespace penlight

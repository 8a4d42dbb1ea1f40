#include "bindings/arrays.hpp"
#include "kernels/table.hpp"

namespace penlight {
namespace {

using Indices = In<int64_t>;

Reduction reduction_of(const std::string& name) {
  if (name == "none") return Reduction::kNone;
  if (name == "sum") return Reduction::kSum;
  if (name == "mean") return Reduction::kMean;
  throw std::invalid_argument("reduction: expected none, sum or mean, got " + name);
}

// The losses' array has a place for each row, or none of its own where they are reduced.
template <typename T>
void check_losses(const Out<T>& out, Reduction reduction, const std::vector<int64_t>& rows) {
  if (reduction == Reduction::kNone) {
    check_shape("out", out, rows.data(), rows.size());
  } else {
    check_shape("out", out, {});
  }
}

void check_places(const char* name, const int64_t* places, int64_t n, int64_t classes,
                  std::optional<int64_t> ignore_index) {
  for (int64_t i = 0; i < n; ++i) {
    if ((places[i] < 0 || places[i] >= classes) && places[i] != ignore_index) {
      throw std::out_of_range(std::string(name) + ": got " + std::to_string(places[i]) +
                              " at position " + std::to_string(i) + ", but there are " +
                              std::to_string(classes) + " classes");
    }
  }
}

void check_classes(int64_t classes) {
  if (classes == 0) throw std::invalid_argument("input: expected at least one class, got none");
}

template <typename T>
void cross_entropy(const Out<T>& out, const MaybeOut<T>& grad_input, const In<T>& input,
                   const Indices& target, const MaybeIn<T>& weight, int64_t ignore_index,
                   double smoothing, const std::string& reduction) {
  const int64_t n = size_of("input", input, 2, 0), c = size_of("input", input, 2, 1);
  const Classes<T> classes{target.data(), data_or_null(weight), ignore_index,
                           reduction_of(reduction)};
  check_classes(c);
  check_losses(out, classes.reduction, {n});
  check_shape("grad_input", grad_input, {n, c});
  check_shape("target", target, {n});
  check_shape("weight", weight, {c});
  check_places("target", target.data(), n, c, ignore_index);
  kernels().cross_entropy->get<T>().cross_entropy(out.data(), data_or_null(grad_input),
                                                  input.data(), classes, smoothing, n, c);
}

template <typename T>
void soft_cross_entropy(const Out<T>& out, const MaybeOut<T>& grad_input, const In<T>& input,
                        const In<T>& target, const MaybeIn<T>& weight, double smoothing,
                        const std::string& reduction) {
  const int64_t n = size_of("input", input, 2, 0), c = size_of("input", input, 2, 1);
  const Reduction reduced = reduction_of(reduction);
  check_classes(c);
  check_losses(out, reduced, {n});
  check_shape("grad_input", grad_input, {n, c});
  check_shape("target", target, {n, c});
  check_shape("weight", weight, {c});
  kernels().cross_entropy->get<T>().soft_cross_entropy(
      out.data(), data_or_null(grad_input), input.data(), target.data(), data_or_null(weight),
      reduced, smoothing, n, c);
}

// The size of a target's rows in an input (N, C, ...): what comes after C.
template <typename T>
std::vector<int64_t> rows_of(const In<T>& input) {
  if (input.ndim() < 2) {
    throw std::invalid_argument("input: expected 2 dimensions or more, got " +
                                std::to_string(input.ndim()));
  }
  std::vector<int64_t> rows{static_cast<int64_t>(input.shape(0))};
  for (size_t d = 2; d < input.ndim(); ++d) rows.push_back(static_cast<int64_t>(input.shape(d)));
  return rows;
}

template <typename T>
void nll_loss(const Out<T>& out, const Out<T>& slopes, const Out<int64_t>& places,
              const In<T>& input, const Indices& target, const MaybeIn<T>& weight,
              int64_t ignore_index, const std::string& reduction) {
  const std::vector<int64_t> rows = rows_of(input);
  const auto c = static_cast<int64_t>(input.shape(1));
  int64_t inner = 1;
  for (size_t d = 1; d < rows.size(); ++d) inner *= rows[d];
  const Classes<T> classes{target.data(), data_or_null(weight), ignore_index,
                           reduction_of(reduction)};
  check_losses(out, classes.reduction, rows);
  check_shape("slopes", slopes, rows.data(), rows.size());
  check_shape("places", places, rows.data(), rows.size());
  check_shape("target", target, rows.data(), rows.size());
  check_shape("weight", weight, {c});
  check_places("target", target.data(), rows[0] * inner, c, ignore_index);
  kernels().cross_entropy->get<T>().nll_loss(out.data(), slopes.data(), places.data(), input.data(),
                                             classes, rows[0], c, inner);
}

template <typename T>
void log_softmax_backward_picked(const Out<T>& grad_input, const Indices& places,
                                 const In<T>& values, const In<T>& out) {
  const int64_t n = size_of("out", out, 2, 0), c = size_of("out", out, 2, 1);
  check_shape("grad_input", grad_input, {n, c});
  check_shape("places", places, {n});
  check_shape("values", values, {n});
  check_places("places", places.data(), n, c, std::nullopt);
  kernels().cross_entropy->get<T>().log_softmax_backward_picked(grad_input.data(), places.data(),
                                                                values.data(), out.data(), n, c);
}

template <typename T>
void bind(nb::module_& m) {
  const auto out = nb::arg("out").noconvert();
  const auto grad_input = nb::arg("grad_input").noconvert();
  const auto maybe_grad = nb::arg("grad_input").noconvert().none();
  const auto input = nb::arg("input").noconvert();
  const auto target = nb::arg("target").noconvert();
  const auto weight = nb::arg("weight").noconvert().none();
  const auto places = nb::arg("places").noconvert();
  m.def("cross_entropy", &cross_entropy<T>, out, maybe_grad, input, target, weight,
        nb::arg("ignore_index"), nb::arg("smoothing"), nb::arg("reduction"), WithoutGil());
  m.def("soft_cross_entropy", &soft_cross_entropy<T>, out, maybe_grad, input, target, weight,
        nb::arg("smoothing"), nb::arg("reduction"), WithoutGil());
  m.def("nll_loss", &nll_loss<T>, out, nb::arg("slopes").noconvert(), places, input, target, weight,
        nb::arg("ignore_index"), nb::arg("reduction"), WithoutGil());
  m.def("log_softmax_backward_picked", &log_softmax_backward_picked<T>, grad_input, places,
        nb::arg("values").noconvert(), out, WithoutGil());
}

}  // namespace

void bind_cross_entropy(nb::module_& m) {
  bind<float>(m);
  bind<double>(m);
}

}  // namespace penlight

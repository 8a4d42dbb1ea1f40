#include "bindings/arrays.hpp"
#include "kernels/table.hpp"

namespace penlight {
namespace {

using Sizes = MaybeIn<int64_t>;

// Steps and rows from the arrays, with everything the kernels rely on checked.
template <typename T>
Sequence sequence_of(int64_t rows, int64_t features, const In<T>& h0, const Sizes& batch_sizes,
                     bool reverse) {
  Sequence s{0, size_of("h0", h0, 2, 0), size_of("h0", h0, 2, 1), features, nullptr, reverse};
  if (!batch_sizes) {
    if (s.batch == 0 ? rows != 0 : rows % s.batch != 0) {
      throw std::invalid_argument("input: " + std::to_string(rows) +
                                  " rows are not a whole number of steps of " +
                                  std::to_string(s.batch) + " rows");
    }
    s.steps = s.batch == 0 ? 0 : rows / s.batch;
    return s;
  }
  s.steps = size_of("batch_sizes", *batch_sizes, 1, 0);
  s.batch_sizes = batch_sizes->data();
  int64_t total = 0, most = s.batch;
  for (int64_t t = 0; t < s.steps; ++t) {
    const int64_t size = s.batch_sizes[t];
    if (size < 0 || size > most) {
      throw std::invalid_argument("batch_sizes: step " + std::to_string(t) + " has " +
                                  std::to_string(size) + " rows, expected 0 to " +
                                  std::to_string(most) + ": sizes never grow");
    }
    most = size;
    total += size;
  }
  if (total != rows) {
    throw std::invalid_argument("batch_sizes: they add up to " + std::to_string(total) +
                                " rows, but the arrays have " + std::to_string(rows));
  }
  return s;
}

// What a forward kernel takes beside the states, checked against the batch and the hidden size.
template <typename T>
RecurrentWeights<T> weights_of(const Sequence& s, int64_t gates, const In<T>& w_ih,
                               const In<T>& w_hh, const MaybeIn<T>& b_ih, const MaybeIn<T>& b_hh) {
  check_shape("w_ih", w_ih, {gates, s.features});
  check_shape("w_hh", w_hh, {gates, s.hidden});
  check_shape("b_ih", b_ih, {gates});
  check_shape("b_hh", b_hh, {gates});
  return {w_ih.data(), w_hh.data(), data_or_null(b_ih), data_or_null(b_hh)};
}

template <typename T>
Sequence sequence_of(const In<T>& input, const In<T>& h0, const Sizes& batch_sizes, bool reverse) {
  return sequence_of(size_of("input", input, 2, 0), size_of("input", input, 2, 1), h0, batch_sizes,
                     reverse);
}

template <typename T>
void rnn_forward(const Out<T>& output, const Out<T>& h_n, const MaybeOut<T>& saved,
                 const In<T>& input, const In<T>& h0, const In<T>& w_ih, const In<T>& w_hh,
                 const MaybeIn<T>& b_ih, const MaybeIn<T>& b_hh, const Sizes& batch_sizes,
                 bool reverse, bool relu) {
  const Sequence s = sequence_of(input, h0, batch_sizes, reverse);
  const int64_t n = input.shape(0), b = s.batch, h = s.hidden;
  check_shape("output", output, {n, h});
  check_shape("h_n", h_n, {b, h});
  check_shape("saved", saved, {n, 2 * h});
  const auto weights = weights_of<T>(s, h, w_ih, w_hh, b_ih, b_hh);
  kernels().recurrent->get<T>().rnn_forward(output.data(), h_n.data(), data_or_null(saved),
                                            input.data(), h0.data(), weights, s, relu);
}

template <typename T>
void rnn_backward(const Out<T>& grad_gates, const Out<T>& grad_h0, const In<T>& grad_output,
                  const In<T>& grad_h_n, const In<T>& saved, const In<T>& w_hh,
                  const Sizes& batch_sizes, bool reverse, bool relu) {
  const int64_t n = size_of("grad_output", grad_output, 2, 0);
  const Sequence s = sequence_of(n, 0, grad_h_n, batch_sizes, reverse);
  const int64_t b = s.batch, h = s.hidden;
  check_shape("grad_gates", grad_gates, {n, h});
  check_shape("grad_h0", grad_h0, {b, h});
  check_shape("grad_output", grad_output, {n, h});
  check_shape("saved", saved, {n, 2 * h});
  check_shape("w_hh", w_hh, {h, h});
  kernels().recurrent->get<T>().rnn_backward(grad_gates.data(), grad_h0.data(), grad_output.data(),
                                             grad_h_n.data(), saved.data(), w_hh.data(), s, relu);
}

template <typename T>
void gru_forward(const Out<T>& output, const Out<T>& h_n, const MaybeOut<T>& saved,
                 const In<T>& input, const In<T>& h0, const In<T>& w_ih, const In<T>& w_hh,
                 const MaybeIn<T>& b_ih, const MaybeIn<T>& b_hh, const Sizes& batch_sizes,
                 bool reverse) {
  const Sequence s = sequence_of(input, h0, batch_sizes, reverse);
  const int64_t n = input.shape(0), b = s.batch, h = s.hidden;
  check_shape("output", output, {n, h});
  check_shape("h_n", h_n, {b, h});
  check_shape("saved", saved, {n, 5 * h});
  const auto weights = weights_of<T>(s, 3 * h, w_ih, w_hh, b_ih, b_hh);
  kernels().recurrent->get<T>().gru_forward(output.data(), h_n.data(), data_or_null(saved),
                                            input.data(), h0.data(), weights, s);
}

template <typename T>
void gru_backward(const Out<T>& grad_gates, const Out<T>& grad_h0, const In<T>& grad_output,
                  const In<T>& grad_h_n, const In<T>& saved, const In<T>& w_hh,
                  const Sizes& batch_sizes, bool reverse) {
  const int64_t n = size_of("grad_output", grad_output, 2, 0);
  const Sequence s = sequence_of(n, 0, grad_h_n, batch_sizes, reverse);
  const int64_t b = s.batch, h = s.hidden;
  check_shape("grad_gates", grad_gates, {n, 4 * h});
  check_shape("grad_h0", grad_h0, {b, h});
  check_shape("grad_output", grad_output, {n, h});
  check_shape("saved", saved, {n, 5 * h});
  check_shape("w_hh", w_hh, {3 * h, h});
  kernels().recurrent->get<T>().gru_backward(grad_gates.data(), grad_h0.data(), grad_output.data(),
                                             grad_h_n.data(), saved.data(), w_hh.data(), s);
}

template <typename T>
void lstm_forward(const Out<T>& output, const Out<T>& h_n, const Out<T>& c_n,
                  const MaybeOut<T>& saved, const In<T>& input, const In<T>& h0, const In<T>& c0,
                  const In<T>& w_ih, const In<T>& w_hh, const MaybeIn<T>& b_ih,
                  const MaybeIn<T>& b_hh, const Sizes& batch_sizes, bool reverse) {
  const Sequence s = sequence_of(input, h0, batch_sizes, reverse);
  const int64_t n = input.shape(0), b = s.batch, h = s.hidden;
  check_shape("output", output, {n, h});
  check_shape("h_n", h_n, {b, h});
  check_shape("c_n", c_n, {b, h});
  check_shape("saved", saved, {n, 6 * h});
  check_shape("c0", c0, {b, h});
  const auto weights = weights_of<T>(s, 4 * h, w_ih, w_hh, b_ih, b_hh);
  kernels().recurrent->get<T>().lstm_forward(output.data(), h_n.data(), c_n.data(),
                                             data_or_null(saved), input.data(), h0.data(),
                                             c0.data(), weights, s);
}

template <typename T>
void lstm_backward(const Out<T>& grad_gates, const Out<T>& grad_h0, const Out<T>& grad_c0,
                   const In<T>& grad_output, const In<T>& grad_h_n, const In<T>& grad_c_n,
                   const In<T>& saved, const In<T>& c0, const In<T>& w_hh, const Sizes& batch_sizes,
                   bool reverse) {
  const int64_t n = size_of("grad_output", grad_output, 2, 0);
  const Sequence s = sequence_of(n, 0, grad_h_n, batch_sizes, reverse);
  const int64_t b = s.batch, h = s.hidden;
  check_shape("grad_gates", grad_gates, {n, 4 * h});
  check_shape("grad_h0", grad_h0, {b, h});
  check_shape("grad_c0", grad_c0, {b, h});
  check_shape("grad_output", grad_output, {n, h});
  check_shape("grad_c_n", grad_c_n, {b, h});
  check_shape("saved", saved, {n, 6 * h});
  check_shape("c0", c0, {b, h});
  check_shape("w_hh", w_hh, {4 * h, h});
  kernels().recurrent->get<T>().lstm_backward(grad_gates.data(), grad_h0.data(), grad_c0.data(),
                                              grad_output.data(), grad_h_n.data(), grad_c_n.data(),
                                              saved.data(), c0.data(), w_hh.data(), s);
}

auto array(const char* name) { return nb::arg(name).noconvert(); }

auto maybe(const char* name) { return nb::arg(name).noconvert().none(); }

template <typename T>
void bind(nb::module_& m) {
  m.def("rnn_forward", &rnn_forward<T>, array("output"), array("h_n"), maybe("saved"),
        array("input"), array("h0"), array("w_ih"), array("w_hh"), maybe("b_ih"), maybe("b_hh"),
        maybe("batch_sizes"), nb::arg("reverse"), nb::arg("relu"), WithoutGil());
  m.def("rnn_backward", &rnn_backward<T>, array("grad_gates"), array("grad_h0"),
        array("grad_output"), array("grad_h_n"), array("saved"), array("w_hh"),
        maybe("batch_sizes"), nb::arg("reverse"), nb::arg("relu"), WithoutGil());
  m.def("gru_forward", &gru_forward<T>, array("output"), array("h_n"), maybe("saved"),
        array("input"), array("h0"), array("w_ih"), array("w_hh"), maybe("b_ih"), maybe("b_hh"),
        maybe("batch_sizes"), nb::arg("reverse"), WithoutGil());
  m.def("gru_backward", &gru_backward<T>, array("grad_gates"), array("grad_h0"),
        array("grad_output"), array("grad_h_n"), array("saved"), array("w_hh"),
        maybe("batch_sizes"), nb::arg("reverse"), WithoutGil());
  m.def("lstm_forward", &lstm_forward<T>, array("output"), array("h_n"), array("c_n"),
        maybe("saved"), array("input"), array("h0"), array("c0"), array("w_ih"), array("w_hh"),
        maybe("b_ih"), maybe("b_hh"), maybe("batch_sizes"), nb::arg("reverse"), WithoutGil());
  m.def("lstm_backward", &lstm_backward<T>, array("grad_gates"), array("grad_h0"), array("grad_c0"),
        array("grad_output"), array("grad_h_n"), array("grad_c_n"), array("saved"), array("c0"),
        array("w_hh"), maybe("batch_sizes"), nb::arg("reverse"), WithoutGil());
}

}  // namespace

void bind_recurrent(nb::module_& m) {
  bind<float>(m);
  bind<double>(m);
}

}  // namespace penlight

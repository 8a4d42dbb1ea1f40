#include "bindings/arrays.hpp"
#include "kernels/table.hpp"

namespace penlight {
namespace {

using State = nb::ndarray<uint32_t, nb::shape<625>, nb::c_contig, nb::device::cpu>;
using Cache = nb::ndarray<double, nb::shape<2>, nb::c_contig, nb::device::cpu>;

const RandomKernels& table() { return *kernels().random; }

template <typename T>
int64_t count(const Out<T>& out) {
  return static_cast<int64_t>(out.size());
}

void check_p(double p) {
  if (!(p >= 0.0 && p <= 1.0)) throw std::invalid_argument("expected p to be in [0, 1]");
}

void seed_words(State state, uint64_t seed) { table().seed(state.data(), seed); }

void draw_words(State state, Out<uint32_t> out) {
  table().words(out.data(), state.data(), count(out));
}

template <typename T>
void fill_uniform(State state, Out<T> out, double low, double high) {
  if constexpr (sizeof(T) == sizeof(float)) {
    table().uniform_f32(out.data(), state.data(), count(out), low, high);
  } else {
    table().uniform_f64(out.data(), state.data(), count(out), low, high);
  }
}

void fill_bernoulli_bool(State state, Out<bool> out, double p) {
  check_p(p);
  table().bernoulli_bool(out.data(), state.data(), count(out), p);
}

void fill_bernoulli_f32(State state, Out<float> out, double p) {
  check_p(p);
  table().bernoulli_f32(out.data(), state.data(), count(out), p);
}

void fill_bernoulli_f64(State state, Out<double> out, double p) {
  check_p(p);
  table().bernoulli_f64(out.data(), state.data(), count(out), p);
}

template <typename T>
void dropout(State state, Out<T> out, Out<bool> mask, In<T> input, double keep, double scale) {
  check_p(keep);
  if (out.size() != input.size() || mask.size() != input.size()) {
    throw std::invalid_argument("expected out, mask and input of one size");
  }
  const auto kernel = [] {
    if constexpr (sizeof(T) == sizeof(float)) {
      return table().dropout_f32;
    } else {
      return table().dropout_f64;
    }
  }();
  kernel(out.data(), mask.data(), input.data(), state.data(), count(out), keep, scale);
}

// base comes as it is in two's complement.
void fill_integers(State state, Out<int64_t> out, int64_t base, uint64_t span, bool wide) {
  table().integers(out.data(), state.data(), count(out), static_cast<uint64_t>(base), span, wide);
}

void fill_permutation(State state, Out<int64_t> out, bool wide) {
  if (!wide && count(out) > INT64_C(0xffffffff)) {
    throw std::invalid_argument("expected wide words for a permutation of 2**32 and more");
  }
  table().permutation(out.data(), state.data(), count(out), wide);
}

void fill_exponential(State state, Out<double> out, double rate) {
  table().exponential(out.data(), state.data(), count(out), rate);
}

void fill_cauchy(State state, Out<double> out, double median, double sigma) {
  table().cauchy(out.data(), state.data(), count(out), median, sigma);
}

void fill_geometric(State state, Out<double> out, double p) {
  table().geometric(out.data(), state.data(), count(out), p);
}

void fill_normal_serial(State state, Cache cache, Out<double> out, double mean, double std) {
  table().normal_serial(out.data(), state.data(), cache.data(), count(out), mean, std);
}

void fill_log_normal(State state, Cache cache, Out<double> out, double mean, double std) {
  table().log_normal(out.data(), state.data(), cache.data(), count(out), mean, std);
}

template <typename T>
void fill_normal_blocks(State state, Out<T> out, double mean, double std) {
  if (out.size() != 0 && out.size() < 16) {
    throw std::invalid_argument("expected at least 16 numbers to fill by blocks");
  }
  if constexpr (sizeof(T) == sizeof(float)) {
    table().normal_blocks_f32(out.data(), state.data(), count(out), mean, std);
  } else {
    table().normal_blocks_f64(out.data(), state.data(), count(out), mean, std);
  }
}

}  // namespace

void bind_random(nb::module_& m) {
  const auto state = nb::arg("state").noconvert();
  const auto cache = nb::arg("cache").noconvert();
  const auto out = nb::arg("out").noconvert();
  m.def("seed_words", &seed_words, state, nb::arg("seed"), WithoutGil());
  m.def("draw_words", &draw_words, state, out, WithoutGil());
  m.def("fill_uniform", &fill_uniform<float>, state, out, nb::arg("low"), nb::arg("high"),
        WithoutGil());
  m.def("fill_uniform", &fill_uniform<double>, state, out, nb::arg("low"), nb::arg("high"),
        WithoutGil());
  m.def("fill_bernoulli", &fill_bernoulli_f32, state, out, nb::arg("p"), WithoutGil());
  m.def("fill_bernoulli", &fill_bernoulli_bool, state, out, nb::arg("p"), WithoutGil());
  m.def("fill_bernoulli", &fill_bernoulli_f64, state, out, nb::arg("p"), WithoutGil());
  m.def("dropout", &dropout<float>, state, out, nb::arg("mask").noconvert(),
        nb::arg("input").noconvert(), nb::arg("keep"), nb::arg("scale"), WithoutGil());
  m.def("dropout", &dropout<double>, state, out, nb::arg("mask").noconvert(),
        nb::arg("input").noconvert(), nb::arg("keep"), nb::arg("scale"), WithoutGil());
  m.def("fill_integers", &fill_integers, state, out, nb::arg("base"), nb::arg("span"),
        nb::kw_only(), nb::arg("wide"), WithoutGil());
  m.def("fill_permutation", &fill_permutation, state, out, nb::kw_only(), nb::arg("wide"),
        WithoutGil());
  m.def("fill_exponential", &fill_exponential, state, out, nb::arg("rate"), WithoutGil());
  m.def("fill_cauchy", &fill_cauchy, state, out, nb::arg("median"), nb::arg("sigma"), WithoutGil());
  m.def("fill_geometric", &fill_geometric, state, out, nb::arg("p"), WithoutGil());
  m.def("fill_normal_serial", &fill_normal_serial, state, cache, out, nb::arg("mean"),
        nb::arg("std"), WithoutGil());
  m.def("fill_log_normal", &fill_log_normal, state, cache, out, nb::arg("mean"), nb::arg("std"),
        WithoutGil());
  m.def("fill_normal_blocks", &fill_normal_blocks<float>, state, out, nb::arg("mean"),
        nb::arg("std"), WithoutGil());
  m.def("fill_normal_blocks", &fill_normal_blocks<double>, state, out, nb::arg("mean"),
        nb::arg("std"), WithoutGil());
}

}  // namespace penlight

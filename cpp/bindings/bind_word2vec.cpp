#include "bindings/arrays.hpp"
#include "kernels/table.hpp"

namespace penlight {
namespace {

// Throws unless all values are in [least, below).
template <typename T>
void check_range(const char* name, const T* values, int64_t n, int64_t least, int64_t below) {
  bool outside = false;
  for (int64_t i = 0; i < n; ++i) outside |= values[i] < least || values[i] >= below;
  for (int64_t i = 0; outside && i < n; ++i) {
    if (values[i] >= least && values[i] < below) continue;
    throw std::out_of_range(std::string(name) + ": expected values from " + std::to_string(least) +
                            " to " + std::to_string(below - 1) + ", got " +
                            std::to_string(values[i]) + " at position " + std::to_string(i));
  }
}

using Thresholds = MaybeIn<uint32_t>;
using Numbers = MaybeIn<int32_t>;
using Starts = MaybeIn<int64_t>;
using Turns = MaybeIn<uint8_t>;

NoiseTable noise_of(const Thresholds& thresholds, const Numbers& aliases, int64_t negative,
                    int64_t size) {
  if (negative < 1 || !thresholds || !aliases) {
    throw std::invalid_argument(
        "outputs: expected noise_thresholds, noise_aliases and negative > 0 with them");
  }
  check_shape("noise_thresholds", *thresholds, {size});
  check_shape("noise_aliases", *aliases, {size});
  check_range("noise_aliases", aliases->data(), size, 0, size);
  return {thresholds->data(), aliases->data(), negative};
}

WordPaths paths_of(const Starts& starts, const Numbers& nodes, const Turns& turns, int64_t size,
                   int64_t rows) {
  if (!starts || !nodes || !turns) {
    throw std::invalid_argument("nodes: expected path_starts, path_nodes and path_turns with them");
  }
  const int64_t n = size_of("path_nodes", *nodes, 1, 0);
  check_shape("path_starts", *starts, {size + 1});
  check_shape("path_turns", *turns, {n});
  const int64_t* values = starts->data();
  bool rising = values[0] == 0 && values[size] == n;
  for (int64_t i = 0; i < size; ++i) rising &= values[i] <= values[i + 1];
  if (!rising) {
    throw std::out_of_range("path_starts: expected positions that rise from 0 to " +
                            std::to_string(n));
  }
  check_range("path_nodes", nodes->data(), n, 0, rows);
  check_range("path_turns", turns->data(), n, 0, 2);
  return {values, nodes->data(), turns->data()};
}

nb::tuple train_words(const Out<float>& inputs, const MaybeOut<float>& outputs,
                      const MaybeOut<float>& nodes, const In<int32_t>& tokens,
                      const In<uint32_t>& keep, const Thresholds& noise_thresholds,
                      const Numbers& noise_aliases, int64_t negative, const Starts& path_starts,
                      const Numbers& path_nodes, const Turns& path_turns, int64_t window,
                      bool shrink, bool cbow, bool mean, float alpha, bool with_loss,
                      uint64_t seed) {
  TrainingCount count;
  {
    nb::gil_scoped_release released;
    const int64_t size = size_of("inputs", inputs, 2, 0);
    const int64_t stride = size_of("inputs", inputs, 2, 1);
    const int64_t rows = nodes ? size_of("nodes", *nodes, 2, 0) : 0;
    const int64_t n = size_of("tokens", tokens, 1, 0);
    if (stride % WordTables::kRowFloats != 0) {
      throw std::invalid_argument("inputs: expected rows of a multiple of " +
                                  std::to_string(WordTables::kRowFloats) + " floats, got " +
                                  std::to_string(stride));
    }
    if (window < 1 || window > INT32_MAX) {
      throw std::invalid_argument("window: expected 1 to 2147483647, got " +
                                  std::to_string(window));
    }
    if (!outputs && !nodes) throw std::invalid_argument("expected outputs, nodes or both");
    check_shape("outputs", outputs, {size, stride});
    check_shape("nodes", nodes, {rows, stride});
    check_shape("keep", keep, {size});
    check_range("tokens", tokens.data(), n, -1, size);
    const WordTables tables{inputs.data(), data_or_null(outputs), data_or_null(nodes), size,
                            stride};
    const NoiseTable noise = outputs ? noise_of(noise_thresholds, noise_aliases, negative, size)
                                     : NoiseTable{nullptr, nullptr, 0};
    const WordPaths paths = nodes ? paths_of(path_starts, path_nodes, path_turns, size, rows)
                                  : WordPaths{nullptr, nullptr, nullptr};
    const WindowRule rule{window, shrink, cbow, mean, alpha, with_loss};
    count =
        kernels().word2vec->train(tables, tokens.data(), n, keep.data(), noise, paths, rule, seed);
  }
  return nb::make_tuple(count.loss, count.examples, count.words);
}

}  // namespace

void bind_word2vec(nb::module_& m) {
  m.def("train_words", &train_words, nb::arg("inputs").noconvert(),
        nb::arg("outputs").noconvert().none(), nb::arg("nodes").noconvert().none(),
        nb::arg("tokens").noconvert(), nb::arg("keep").noconvert(), nb::kw_only(),
        nb::arg("noise_thresholds").noconvert().none() = nb::none(),
        nb::arg("noise_aliases").noconvert().none() = nb::none(), nb::arg("negative") = 0,
        nb::arg("path_starts").noconvert().none() = nb::none(),
        nb::arg("path_nodes").noconvert().none() = nb::none(),
        nb::arg("path_turns").noconvert().none() = nb::none(), nb::arg("window"), nb::arg("shrink"),
        nb::arg("cbow"), nb::arg("mean"), nb::arg("alpha"), nb::arg("with_loss"), nb::arg("seed"));
}

}  // namespace penlight

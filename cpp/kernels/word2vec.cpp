#include "kernels/word2vec.hpp"

#include <algorithm>
#include <vector>

#include "support/lanes.hpp"

namespace penlight::PENLIGHT_LEVEL {
namespace {

using Vector = VectorOf<float>::Type;
constexpr int kSize = VectorOf<float>::kSize;
static_assert(WordTables::kRowFloats % kSize == 0);

// Windows prepared together, so that rows are on their way from memory while others are in use.
constexpr int64_t kAhead = 8;
// Beyond it a product changes nothing, as in the original program: the label is met as well as it
// will be, or it is an outlier.
constexpr float kFarthest = 6;
// Words of a window that meet its targets at once; more would be too large a step.
constexpr int64_t kTogether = 16;

// Numbers from a counter (Steele, Lea and Flood 2014, SplitMix64).
class Draws {
 public:
  explicit Draws(uint64_t seed) : state_(seed) {}

  uint64_t next() {
    uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }

  static uint64_t high(uint64_t word) { return word >> 32; }
  // From [0, bound), bound <= 2^32.
  static int64_t below(uint64_t word, int64_t bound) {
    return static_cast<int64_t>(high(word) * static_cast<uint64_t>(bound) >> 32);
  }

 private:
  uint64_t state_;
};

// ---- the product of some rows with others -------------------------------------------------------

// to[(i * kTargets + t) * kSize...] = the lanes of the sum of inputs[i] * targets[t].
template <int kInputs, int kTargets>
PENLIGHT_INLINE void multiply_rows(float* to, int64_t row, float* const* inputs,
                                   float* const* targets, int64_t stride) {
  Vector sum[kInputs][kTargets] = {};
  for (int64_t at = 0; at < stride; at += kSize) {
    Vector input[kInputs];
    for (int i = 0; i < kInputs; ++i) input[i] = load_vector(inputs[i] + at);
    for (int t = 0; t < kTargets; ++t) {
      const Vector target = load_vector(targets[t] + at);
      for (int i = 0; i < kInputs; ++i) sum[i][t] += input[i] * target;
    }
  }
  for (int i = 0; i < kInputs; ++i) {
    for (int t = 0; t < kTargets; ++t) store_vector(to + i * row + t * kSize, sum[i][t]);
  }
}

constexpr int kTargetTile = 6;

// Calls f.operator()<n>() for the n from 1 to kMost that is `count`.
template <int kMost, typename F>
PENLIGHT_INLINE void with_count(int64_t count, const F& f) {
  if constexpr (kMost > 1) {
    if (count < kMost) return with_count<kMost - 1>(count, f);
  }
  f.template operator()<kMost>();
}

// The sums of the lanes of `count` vectors, in place; kSize - 1 more may be written.
PENLIGHT_INLINE void add_lanes(float* sums, const float* lanes, int64_t count) {
  for (int64_t at = 0; at < count; at += kSize) {
    Vector square[kSize];
    for (int i = 0; i < kSize; ++i) square[i] = load_vector(lanes + (at + i) * kSize);
    transpose(square);
    for (int width = kSize / 2; width > 0; width /= 2) {
      for (int i = 0; i < width; ++i) square[i] += square[i + width];
    }
    store_vector(sums + at, square[0]);
  }
}

// ---- a window -----------------------------------------------------------------------------------

struct Window {
  int64_t first_input, inputs;    // rows of words beside the centre
  int64_t first_target, targets;  // rows of the centre and its negatives, or of nodes
};

// The products of a window's inputs and targets. `lanes` is room for inputs * targets + kSize
// vectors, `products` for kSize more than there are.
void multiply_window(float* products, float* lanes, float* const* inputs, int64_t input_count,
                     float* const* targets, int64_t target_count, int64_t stride) {
  const int64_t row = target_count * kSize;
  for (int64_t t = 0; t < target_count; t += kTargetTile) {
    with_count<kTargetTile>(target_count - t, [&]<int kTargets>() {
      int64_t i = 0;
      for (; i + 2 <= input_count; i += 2) {
        multiply_rows<2, kTargets>(lanes + i * row + t * kSize, row, inputs + i, targets + t,
                                   stride);
      }
      if (i < input_count) {
        multiply_rows<1, kTargets>(lanes + i * row + t * kSize, row, inputs + i, targets + t,
                                   stride);
      }
    });
  }
  add_lanes(products, lanes, input_count * target_count);
}

// products = alpha (label - sigmoid(product)), or 0 for a product beyond kFarthest; returns the
// loss if wanted. `inside` is room for as many numbers.
double to_gradients(float* products, float* inside, const float* labels, int64_t inputs,
                    int64_t targets, float alpha, bool with_loss) {
  double loss = 0;
  if (with_loss) {
    for (int64_t i = 0; i < inputs; ++i) {
      for (int64_t t = 0; t < targets; ++t) {
        // -log sigmoid(x) or -log sigmoid(-x)
        const float x = labels[t] > 0 ? -products[i * targets + t] : products[i * targets + t];
        const float size = x < 0 ? -x : x;
        loss += (x > 0 ? x : 0.0F) + log1p_of_unit_lane(exp_lane(-size));
      }
    }
  }
  const int64_t count = inputs * targets;
  for (int64_t at = 0; at < count; ++at) {
    const float x = products[at];
    inside[at] = (x < 0 ? -x : x) < kFarthest ? alpha : 0.0F;
    products[at] = -inside[at] * sigmoid_lane(x);
  }
  for (int64_t i = 0; i < inputs; ++i) {
    for (int64_t t = 0; t < targets; ++t) {
      products[i * targets + t] += inside[i * targets + t] * labels[t];
    }
  }
  return loss;
}

// sums += targets times products, changes += inputs times products, in one vector of columns.
template <int kTargets>
PENLIGHT_INLINE void add_column(float* sums, float* changes, float* const* inputs,
                                int64_t input_count, float* const* targets, const float* products,
                                int64_t row, int64_t at) {
  Vector target[kTargets], change[kTargets] = {};
  for (int t = 0; t < kTargets; ++t) target[t] = load_vector(targets[t] + at);
  for (int64_t i = 0; i < input_count; ++i) {
    const Vector input = load_vector(inputs[i] + at);
    Vector sum = load_vector(sums + i * kSize);
    for (int t = 0; t < kTargets; ++t) {
      const float product = products[i * row + t];
      sum += target[t] * product;
      change[t] += input * product;
    }
    store_vector(sums + i * kSize, sum);
  }
  for (int t = 0; t < kTargets; ++t) store_vector(changes + t * kSize, change[t]);
}

// ---- training -----------------------------------------------------------------------------------

class Trainer {
 public:
  Trainer(const WordTables& tables, const NoiseTable& noise, const WordPaths& paths,
          const WindowRule& rule, uint64_t seed)
      : tables_(tables), noise_(noise), paths_(paths), rule_(rule), draws_(seed) {}

  TrainingCount train(const int32_t* tokens, int64_t n, const uint32_t* keep) {
    sample(tokens, n, keep);
    const int64_t length = static_cast<int64_t>(kept_.size());
    for (int64_t sentence = 0; sentence < length;) {
      int64_t end = sentence;
      while (kept_[end] >= 0) ++end;
      for (int64_t at = sentence; at < end; ++at) {
        add_window(sentence, at, end);
        if (static_cast<int64_t>(windows_.size()) >= kAhead) run_windows();
      }
      sentence = end + 1;
    }
    run_windows();
    return count_;
  }

 private:
  // Copies the words that stay, each sentence with a -1 behind it.
  void sample(const int32_t* tokens, int64_t n, const uint32_t* keep) {
    kept_.reserve(n + 1);
    for (int64_t i = 0; i < n; ++i) {
      if (tokens[i] < 0) {
        kept_.push_back(-1);
      } else if (Draws::high(draws_.next()) <= keep[tokens[i]]) {
        kept_.push_back(tokens[i]);
        ++count_.words;
      }
    }
    if (!kept_.empty() && kept_.back() >= 0) kept_.push_back(-1);
  }

  // Adds the window around position `at` of a sentence, if it has a word beside its centre.
  void add_window(int64_t begin, int64_t at, int64_t end) {
    int64_t reach = rule_.window;
    if (rule_.shrink) reach -= Draws::below(draws_.next(), rule_.window);
    const int64_t first = std::max(begin, at - reach), last = std::min(end, at + reach + 1);
    if (last - first < 2) return;
    const int64_t first_target = static_cast<int64_t>(targets_.size());
    add_targets(kept_[at]);
    Window window{static_cast<int64_t>(inputs_.size()), 0, first_target,
                  static_cast<int64_t>(targets_.size()) - first_target};
    for (int64_t i = first; i < last; ++i) {
      if (i == at) continue;
      inputs_.push_back(tables_.inputs + kept_[i] * tables_.stride);
      if (++window.inputs == kTogether && !rule_.cbow) {
        windows_.push_back(window);
        window.first_input += window.inputs;
        window.inputs = 0;
      }
    }
    if (window.inputs > 0) windows_.push_back(window);
  }

  void add_targets(int32_t centre) {
    if (tables_.outputs != nullptr) {
      add_target(tables_.outputs, centre, 1);
      for (int64_t k = 0; k < noise_.negative; ++k) {
        const uint64_t word = draws_.next();
        const int64_t drawn = Draws::below(word, tables_.size);
        const bool itself = static_cast<uint32_t>(word) < noise_.thresholds[drawn];
        const int32_t negative = itself ? static_cast<int32_t>(drawn) : noise_.aliases[drawn];
        if (negative != centre) add_target(tables_.outputs, negative, 0);
      }
    }
    if (tables_.nodes != nullptr) {
      for (int64_t k = paths_.starts[centre]; k < paths_.starts[centre + 1]; ++k) {
        add_target(tables_.nodes, paths_.nodes[k], static_cast<float>(1 - paths_.turns[k]));
      }
    }
  }

  void add_target(float* table, int32_t row, float label) {
    float* target = table + row * tables_.stride;
    for (int64_t at = 0; at < tables_.stride; at += 16) __builtin_prefetch(target + at, 1);
    targets_.push_back(target);
    labels_.push_back(label);
  }

  // ---- steps ------------------------------------------------------------------------------------

  void run_windows() {
    for (const Window& window : windows_) {
      float* const* words = inputs_.data() + window.first_input;
      float* const* targets = targets_.data() + window.first_target;
      const float* labels = labels_.data() + window.first_target;
      if (rule_.cbow) {
        hidden_.resize(tables_.stride);
        float* hidden = hidden_.data();
        add_inputs(hidden, words, window.inputs);
        differentiate(&hidden, 1, targets, labels, window.targets);
        apply(&hidden, 1, targets, window);
      } else {
        differentiate(words, window.inputs, targets, labels, window.targets);
        apply(words, window.inputs, targets, window);
      }
      count_.examples += rule_.cbow ? 1 : window.inputs;
    }
    windows_.clear();
    inputs_.clear();
    targets_.clear();
    labels_.clear();
  }

  // Fills in the gradients, and adds up the loss if wanted.
  void differentiate(float* const* inputs, int64_t count, float* const* targets,
                     const float* labels, int64_t target_count) {
    const int64_t products = count * target_count + kSize;
    gradients_.resize(products);
    lanes_.resize(products * kSize);
    multiply_window(gradients_.data(), lanes_.data(), inputs, count, targets, target_count,
                    tables_.stride);
    count_.loss += to_gradients(gradients_.data(), lanes_.data(), labels, count, target_count,
                                rule_.alpha, rule_.with_loss);
  }

  void add_inputs(float* hidden, float* const* inputs, int64_t count) {
    const float factor = rule_.mean ? 1.0F / static_cast<float>(count) : 1.0F;
    for (int64_t at = 0; at < tables_.stride; at += kSize) {
      Vector sum = {};
      for (int64_t i = 0; i < count; ++i) sum += load_vector(inputs[i] + at);
      store_vector(hidden + at, sum * factor);
    }
  }

  // Adds to the words and targets of a window what the gradients say.
  void apply(float* const* inputs, int64_t count, float* const* targets, const Window& window) {
    float* const* words = inputs_.data() + window.first_input;
    lanes_.resize((count + window.targets) * kSize);
    float *sums = lanes_.data(), *changes = sums + count * kSize;
    // As the original program has it: the mean's change is each word's, the sum's is shared.
    const float share = rule_.mean ? 1.0F : 1.0F / static_cast<float>(window.inputs);
    for (int64_t at = 0; at < tables_.stride; at += kSize) {
      std::fill(sums, changes, 0.0F);
      for (int64_t t = 0; t < window.targets; t += kTargetTile) {
        with_count<kTargetTile>(window.targets - t, [&]<int kTargets>() {
          add_column<kTargets>(sums, changes + t * kSize, inputs, count, targets + t,
                               gradients_.data() + t, window.targets, at);
        });
      }
      for (int64_t t = 0; t < window.targets; ++t) add_vector(targets[t] + at, changes + t * kSize);
      if (rule_.cbow) {
        const Vector change = load_vector(sums) * share;
        for (int64_t i = 0; i < window.inputs; ++i) {
          store_vector(words[i] + at, load_vector(words[i] + at) + change);
        }
      } else {
        for (int64_t i = 0; i < count; ++i) add_vector(words[i] + at, sums + i * kSize);
      }
    }
  }

  static PENLIGHT_INLINE void add_vector(float* to, const float* value) {
    store_vector(to, load_vector(to) + load_vector(value));
  }

  const WordTables tables_;
  const NoiseTable noise_;
  const WordPaths paths_;
  const WindowRule rule_;
  Draws draws_;
  TrainingCount count_{};

  std::vector<int32_t> kept_;
  // Windows: rows of the tables, and what each target shall be.
  std::vector<Window> windows_;
  std::vector<float*> inputs_, targets_;
  std::vector<float> labels_;
  // Of the window at hand: alpha (label - sigmoid(input . target)), by input; and rooms.
  std::vector<float> gradients_, hidden_, lanes_;
};

TrainingCount train(const WordTables& tables, const int32_t* tokens, int64_t n,
                    const uint32_t* keep, const NoiseTable& noise, const WordPaths& paths,
                    const WindowRule& rule, uint64_t seed) {
  return Trainer(tables, noise, paths, rule, seed).train(tokens, n, keep);
}

}  // namespace

const Word2VecKernels kWord2Vec{train};

}  // namespace penlight::PENLIGHT_LEVEL

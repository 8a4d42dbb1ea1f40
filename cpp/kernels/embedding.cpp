#include "kernels/embedding.hpp"

#include <algorithm>

#include "support/lanes.hpp"
#include "support/parallel.hpp"

namespace penlight::PENLIGHT_LEVEL {
namespace {

constexpr int64_t kChunkColumns = 128;
constexpr int64_t kChunkElements = 65536;

// How many rows or bags make a chunk, if each takes about so many elements.
int64_t chunk_of(int64_t elements) {
  return std::max<int64_t>(1, kChunkElements / std::max<int64_t>(1, elements));
}

int64_t bag_chunk(const Bags& bags, int64_t e) {
  const int64_t n = bags.starts[bags.count];
  return chunk_of(n * e / std::max<int64_t>(1, bags.count));
}

// ---- rows ---------------------------------------------------------------------------------------

// Chunks are columns, so that each row's sum keeps the order of the indices.
template <typename T>
void add_rows(T* out, const int64_t* indices, const T* values, int64_t n, int64_t e) {
  parallel_for(0, e, kChunkColumns, [=](int64_t first, int64_t last) {
    for (int64_t i = 0; i < n; ++i) {
      T* __restrict row = out + indices[i] * e;
      const T* __restrict value = values + i * e;
      for (int64_t c = first; c < last; ++c) row[c] += value[c];
    }
  });
}

template <typename T>
void clear_rows(T* out, const int64_t* indices, int64_t n, int64_t e) {
  for (int64_t i = 0; i < n; ++i) {
    T* row = out + indices[i] * e;
    for (int64_t c = 0; c < e; ++c) row[c] = 0;
  }
}

template <typename T>
void gather_rows(T* out, const T* table, const int64_t* indices, int64_t n, int64_t e) {
  parallel_for(0, n, chunk_of(e), [=](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      const T* row = table + indices[i] * e;
      std::copy(row, row + e, out + i * e);
    }
  });
}

// ---- bags ---------------------------------------------------------------------------------------

template <typename T>
PENLIGHT_INLINE void add_scaled(T* __restrict out, const T* __restrict row, const T* factor,
                                int64_t first, int64_t last) {
  if (factor == nullptr) {
    for (int64_t c = first; c < last; ++c) out[c] += row[c];
  } else {
    const T scale = *factor;
    for (int64_t c = first; c < last; ++c) out[c] += row[c] * scale;
  }
}

template <typename T>
void bag_sums(T* out, int64_t* sizes, const T* table, const T* factors, const Bags& bags, int64_t e,
              bool mean) {
  parallel_for(0, bags.count, bag_chunk(bags, e), [=](int64_t first, int64_t last) {
    for (int64_t b = first; b < last; ++b) {
      T* __restrict sum = out + b * e;
      for (int64_t c = 0; c < e; ++c) sum[c] = 0;
      int64_t size = 0;
      for (int64_t i = bags.starts[b]; i < bags.starts[b + 1]; ++i) {
        const int64_t index = bags.indices[i];
        if (index == bags.padding) continue;
        ++size;
        add_scaled(sum, table + index * e, factors == nullptr ? nullptr : factors + i, 0, e);
      }
      sizes[b] = size;
      if (!mean || size < 2) continue;
      const T divisor = static_cast<T>(size);
      for (int64_t c = 0; c < e; ++c) sum[c] /= divisor;
    }
  });
}

// Positions within a bag, as wide as the elements so that both fill the same lanes.
template <typename T>
struct PlaceOf {
  using Type = int64_t;
};
template <>
struct PlaceOf<float> {
  using Type = int32_t;
};

// The columns of one bag that start at `column`, at most kTile.
template <typename T>
void maxima_of_bag(T* out, int64_t* places, const T* table, const Bags& bags, int64_t b, int64_t e,
                   int64_t column) {
  using Place = typename PlaceOf<T>::Type;
  constexpr int64_t kTile = kChunkColumns;
  T most[kTile] = {};
  Place place[kTile];
  const int64_t n = std::min(kTile, e - column), start = bags.starts[b];
  for (int64_t c = 0; c < n; ++c) place[c] = -1;
  bool empty = true;
  for (int64_t i = start; i < bags.starts[b + 1]; ++i) {
    const int64_t index = bags.indices[i];
    if (index == bags.padding) continue;
    const T* __restrict row = table + index * e + column;
    const Place at = static_cast<Place>(i - start);
    if (empty) {
      for (int64_t c = 0; c < n; ++c) most[c] = row[c], place[c] = at;
    } else {
      for (int64_t c = 0; c < n; ++c) {
        const bool larger = row[c] > most[c];
        most[c] = larger ? row[c] : most[c];
        place[c] = larger ? at : place[c];
      }
    }
    empty = false;
  }
  for (int64_t c = 0; c < n; ++c) {
    out[b * e + column + c] = most[c];
    places[b * e + column + c] = place[c] < 0 ? -1 : start + place[c];
  }
}

template <typename T>
void bag_maxima(T* out, int64_t* places, const T* table, const Bags& bags, int64_t e) {
  parallel_for(0, bags.count, bag_chunk(bags, e), [=](int64_t first, int64_t last) {
    for (int64_t b = first; b < last; ++b) {
      for (int64_t column = 0; column < e; column += kChunkColumns) {
        maxima_of_bag(out, places, table, bags, b, e, column);
      }
    }
  });
}

// Chunks are columns here too: several bags may use a row.
template <typename T>
void add_bags(T* out, const T* grad, const T* factors, const Bags& bags, int64_t e) {
  parallel_for(0, e, kChunkColumns, [=](int64_t first, int64_t last) {
    for (int64_t b = 0; b < bags.count; ++b) {
      for (int64_t i = bags.starts[b]; i < bags.starts[b + 1]; ++i) {
        const int64_t index = bags.indices[i];
        if (index == bags.padding) continue;
        add_scaled(out + index * e, grad + b * e, factors == nullptr ? nullptr : factors + i, first,
                   last);
      }
    }
  });
}

template <typename T>
void add_maxima(T* out, const T* grad, const int64_t* places, const Bags& bags, int64_t e) {
  parallel_for(0, e, kChunkColumns, [=](int64_t first, int64_t last) {
    for (int64_t b = 0; b < bags.count; ++b) {
      for (int64_t c = first; c < last; ++c) {
        const int64_t place = places[b * e + c];
        if (place >= 0) out[bags.indices[place] * e + c] += grad[b * e + c];
      }
    }
  });
}

template <typename T>
void bag_products(T* out, const T* grad, const T* table, const Bags& bags, int64_t n, int64_t e) {
  for (int64_t i = 0; i < n; ++i) out[i] = 0;
  parallel_for(0, bags.count, bag_chunk(bags, e), [=](int64_t first, int64_t last) {
    for (int64_t b = first; b < last; ++b) {
      for (int64_t i = bags.starts[b]; i < bags.starts[b + 1]; ++i) {
        const int64_t index = bags.indices[i];
        if (index == bags.padding) continue;
        Sum<T> sum;
        sum.add_products(grad + b * e, table + index * e, e);
        out[i] = sum.total();
      }
    }
  });
}

template <typename T>
constexpr EmbeddingKernels<T> kernels_of() {
  return {add_rows<T>,   clear_rows<T>, gather_rows<T>, bag_sums<T>,
          bag_maxima<T>, add_bags<T>,   add_maxima<T>,  bag_products<T>};
}

}  // namespace

const Both<EmbeddingKernels> kEmbedding{kernels_of<float>(), kernels_of<double>()};

}  // namespace penlight::PENLIGHT_LEVEL

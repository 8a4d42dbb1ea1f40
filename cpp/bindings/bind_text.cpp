#include "bindings/arrays.hpp"
#include "kernels/table.hpp"

namespace penlight {
namespace {

using Letters = In<uint8_t>;
using Ends = In<int64_t>;

WordIndex index_of(const Letters& letters, const Ends& ends, const int32_t* slots,
                   int64_t capacity) {
  const int64_t n = size_of("letters", letters, 1, 0);
  const int64_t size = size_of("ends", ends, 1, 0);
  for (int64_t i = 0, begin = 0; i < size; begin = ends.data()[i++]) {
    if (ends.data()[i] >= begin && ends.data()[i] <= n) continue;
    throw std::out_of_range("ends: expected rising positions up to " + std::to_string(n) +
                            ", got " + std::to_string(ends.data()[i]) + " at position " +
                            std::to_string(i));
  }
  if (size > INT32_MAX || capacity <= size || (capacity & (capacity - 1)) != 0) {
    throw std::invalid_argument("slots: expected a power of two above the number of words, " +
                                std::to_string(size) + ", got " + std::to_string(capacity));
  }
  return {letters.data(), ends.data(), size, slots, capacity};
}

void hash_words(const Out<int32_t>& slots, const Letters& letters, const Ends& ends) {
  const int64_t capacity = size_of("slots", slots, 1, 0);
  kernels().text->hash_words(slots.data(), index_of(letters, ends, slots.data(), capacity));
}

nb::tuple encode_text(const Out<int32_t>& out, const In<uint8_t>& text, const Letters& letters,
                      const Ends& ends, const In<int32_t>& slots, int64_t longest) {
  EncodedText done;
  {
    nb::gil_scoped_release released;
    const int64_t n = size_of("text", text, 1, 0);
    if (size_of("out", out, 1, 0) <= n) {
      throw std::invalid_argument("out: expected more elements than the text has bytes, " +
                                  std::to_string(n) + ", got " + std::to_string(out.shape(0)));
    }
    if (longest < 1) {
      throw std::invalid_argument("longest: expected 1 or more, got " + std::to_string(longest));
    }
    const WordIndex index = index_of(letters, ends, slots.data(), size_of("slots", slots, 1, 0));
    done = kernels().text->encode(out.data(), text.data(), n, index, longest);
  }
  return nb::make_tuple(done.length, done.words);
}

}  // namespace

void bind_text(nb::module_& m) {
  const auto letters = nb::arg("letters").noconvert();
  const auto ends = nb::arg("ends").noconvert();
  m.def("hash_words", &hash_words, nb::arg("slots").noconvert(), letters, ends, WithoutGil());
  m.def("encode_text", &encode_text, nb::arg("out").noconvert(), nb::arg("text").noconvert(),
        letters, ends, nb::arg("slots").noconvert(), nb::arg("longest"));
}

}  // namespace penlight

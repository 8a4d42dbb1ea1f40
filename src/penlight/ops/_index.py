"""Which family of ops holds a name. Made by tools/make_stubs.py; do not edit."""

FUNCTIONS = {
    "activation": """
celu celu_ prelu relu relu_ selu selu_ threshold threshold_
""",
    "calculus": """
cumulative_trapezoid gradient trapezoid trapz
""",
    "cholesky": """
cholesky cholesky_inverse cholesky_solve
""",
    "comparison": """
allclose bitwise_and bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift bitwise_xor eq
equal ge greater greater_equal gt isclose isfinite isinf isnan isneginf isposinf isreal le less
less_equal logical_and logical_not logical_or logical_xor lt ne not_equal signbit
""",
    "complex_parts": """
angle conj conj_physical imag is_conj is_neg real resolve_conj resolve_neg
""",
    "conv": """
conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d
""",
    "conv_tbc": """
conv_tbc
""",
    "conversion": """
clone fill zero_
""",
    "counting": """
bincount bucketize histc isin searchsorted unique unique_consecutive
""",
    "covariance": """
corrcoef cov pca_lowrank svd_lowrank
""",
    "creation": """
arange empty empty_like empty_strided eye full full_like linspace logspace ones ones_like range
scalar_tensor zeros zeros_like
""",
    "ctc_loss": """
ctc_loss
""",
    "cumulative": """
cummax cummin cumprod cumsum diff logcumsumexp
""",
    "decompositions": """
qr svd
""",
    "diagonals": """
block_diag diag diag_embed diagflat trace
""",
    "dims": """
adjoint moveaxis movedim permute squeeze t unsqueeze
""",
    "distance": """
cosine_similarity pairwise_distance
""",
    "einsum": """
einsum inner kron tensordot
""",
    "embedding": """
embedding embedding_renorm_
""",
    "event_counts": """
binomial poisson
""",
    "extremes": """
amax amin aminmax argmax argmin max median min nanmedian
""",
    "from_data": """
BFloat16Tensor BoolTensor ByteTensor CharTensor DoubleTensor FloatTensor HalfTensor IntTensor
LongTensor ShortTensor as_tensor asarray from_numpy frombuffer tensor
""",
    "gamma": """
digamma igamma igammac lgamma mvlgamma polygamma
""",
    "gathering": """
gather index_add index_copy index_fill index_select scatter scatter_add
""",
    "indexing": """
index_put
""",
    "inspection": """
broadcast_shapes broadcast_tensors is_complex is_floating_point is_nonzero is_same_size is_signed
is_storage is_tensor numel
""",
    "join": """
cat chunk concat concatenate split split_with_sizes stack tensor_split unsafe_chunk unsafe_split
unsafe_split_with_sizes
""",
    "least_squares": """
pinverse
""",
    "loss": """
poisson_nll_loss
""",
    "lu": """
lu lu_solve lu_unpack
""",
    "margin_loss": """
cosine_embedding_loss hinge_embedding_loss margin_ranking_loss triplet_margin_loss
""",
    "masking": """
argwhere masked_fill masked_scatter masked_select nonzero nonzero_static put take take_along_dim
unravel_index
""",
    "matmul": """
matmul
""",
    "matrix_functions": """
chain_matmul cross matrix_exp matrix_power vander
""",
    "memory": """
from_dlpack to_dlpack
""",
    "numbers": """
frexp gcd lcm ldexp nextafter
""",
    "pairwise": """
cdist dist pdist renorm
""",
    "piecewise": """
hardshrink
""",
    "pointwise": """
abs absolute add ceil copysign div divide fix float_power floor floor_divide fmax fmin fmod frac
heaviside maximum minimum mul multiply nan_to_num neg negative positive pow reciprocal remainder
round rsub sgn sign square sub subtract true_divide trunc
""",
    "products": """
addbmm addmm addmv addr baddbmm bmm dot ger mm mv outer vdot
""",
    "quantiles": """
histogram histogramdd mode nanquantile quantile
""",
    "rearrange": """
cartesian_prod combinations constant_pad_nd flip fliplr flipud meshgrid repeat_interleave roll
rot90 tile tril tril_indices triu triu_indices
""",
    "recurrent_cell": """
gru_cell lstm_cell rnn_relu_cell rnn_tanh_cell
""",
    "recurrent_network": """
gru lstm rnn_relu rnn_tanh
""",
    "reduction": """
all any count_nonzero mean nanmean nansum prod sum
""",
    "reflections": """
geqrf orgqr ormqr
""",
    "rrelu": """
rrelu rrelu_
""",
    "sampling": """
bernoulli multinomial normal rand rand_like randint randint_like randn randn_like randperm
""",
    "scattering": """
as_strided_scatter diagonal_scatter index_reduce scatter_reduce select_scatter slice_scatter
""",
    "segments": """
segment_reduce
""",
    "shape": """
broadcast_to flatten ravel reshape swapaxes swapdims transpose unflatten
""",
    "shuffling": """
channel_shuffle native_channel_shuffle pixel_shuffle pixel_unshuffle
""",
    "softmax": """
log_softmax softmax
""",
    "solving": """
det inverse logdet slogdet triangular_solve
""",
    "sorting": """
argsort kthvalue msort sort topk
""",
    "special": """
i0 sinc
""",
    "stacking": """
atleast_1d atleast_2d atleast_3d column_stack dsplit dstack hsplit hstack row_stack vsplit vstack
""",
    "statistics": """
logsumexp norm std std_mean var var_mean
""",
    "ternary": """
addcdiv addcmul clamp clamp_ clamp_max clamp_max_ clamp_min clamp_min_ clip clip_ lerp where
""",
    "transcendental": """
acos acosh arccos arccosh arcsin arcsinh arctan arctan2 arctanh asin asinh atan atan2 atanh cos
cosh deg2rad erf erfc erfinv exp exp2 expm1 hypot log log10 log1p log2 logaddexp logaddexp2 logit
rad2deg rsqrt sigmoid sin sinh sqrt tan tanh xlogy
""",
    "view": """
as_strided diagonal narrow select unbind
""",
    "weight_norm": """
norm_except_dim
""",
    "windows": """
bartlett_window blackman_window hamming_window hann_window kaiser_window
""",
}

FROM_METHODS = """
abs_ acos_ acosh_ addmv_ arccos_ arccosh_ arcsin_ arcsinh_ arctan_ arctanh_ as_strided_ asin_
asinh_ atan_ atanh_ ceil_ conj_physical_ cos_ cosh_ deg2rad_ detach detach_ erf_ erfc_ exp2_ exp_
expm1_ fill_ fix_ floor_ frac_ gcd_ get_device i0_ index_put_ lcm_ ldexp_ log10_ log1p_ log2_ log_
logit_ nan_to_num_ neg_ negative_ rad2deg_ reciprocal_ resize_as_ round_ rsqrt_ sigmoid_ sin_ sinc_
sinh_ sqrt_ square_ tan_ tanh_ trunc_ xlogy_
"""

METHODS = {
    "activation": """
prelu relu relu_
""",
    "cholesky": """
cholesky cholesky_inverse cholesky_solve
""",
    "comparison": """
__and__ __eq__ __ge__ __gt__ __iand__ __ilshift__ __invert__ __ior__ __irshift__ __ixor__ __le__
__lshift__ __lt__ __ne__ __or__ __rand__ __rlshift__ __ror__ __rrshift__ __rshift__ __rxor__
__xor__ allclose bitwise_and bitwise_and_ bitwise_left_shift bitwise_left_shift_ bitwise_not
bitwise_not_ bitwise_or bitwise_or_ bitwise_right_shift bitwise_right_shift_ bitwise_xor
bitwise_xor_ eq eq_ equal ge ge_ greater greater_ greater_equal greater_equal_ gt gt_ isclose
isfinite isinf isnan isneginf isposinf isreal le le_ less less_ less_equal less_equal_ logical_and
logical_and_ logical_not logical_not_ logical_or logical_or_ logical_xor logical_xor_ lt lt_ ne ne_
not_equal not_equal_ signbit
""",
    "complex_parts": """
angle conj conj_physical conj_physical_ imag is_conj is_neg real resolve_conj resolve_neg
""",
    "conversion": """
__array_wrap__ _cast _sum_to _zeros_like bfloat16 bool byte char clone copy_ cpu cuda double fill_
float half int long short sum_to_size to type type_as zero_
""",
    "counting": """
bincount histc unique unique_consecutive
""",
    "covariance": """
corrcoef cov
""",
    "creation": """
new_empty new_empty_strided new_full new_ones new_tensor new_zeros
""",
    "cumulative": """
cummax cummin cumprod cumprod_ cumsum cumsum_ diff logcumsumexp
""",
    "decompositions": """
qr svd
""",
    "diagonals": """
diag diag_embed diagflat trace
""",
    "dims": """
H T adjoint mH mT moveaxis movedim permute squeeze t unsqueeze
""",
    "einsum": """
inner kron
""",
    "extremes": """
amax amin aminmax argmax argmin max median min nanmedian
""",
    "gamma": """
digamma digamma_ igamma igamma_ igammac igammac_ lgamma lgamma_ mvlgamma mvlgamma_ polygamma
polygamma_
""",
    "gathering": """
gather index_add index_add_ index_copy index_copy_ index_fill index_fill_ index_select scatter
scatter_ scatter_add scatter_add_
""",
    "indexing": """
__getitem__ __setitem__ index_put index_put_
""",
    "inplace_sampling": """
bernoulli_ cauchy_ exponential_ geometric_ log_normal_ normal_ random_ uniform_
""",
    "inplace_views": """
as_strided_ resize resize_ resize_as resize_as_ set_ squeeze_ swapaxes_ swapdims_ t_ transpose_
unsqueeze_
""",
    "inspection": """
__contains__ apply_ is_nonzero is_same_size map_
""",
    "join": """
chunk split split_with_sizes tensor_split unsafe_chunk unsafe_split unsafe_split_with_sizes
""",
    "least_squares": """
pinverse
""",
    "lu": """
lu lu_solve
""",
    "masking": """
argwhere masked_fill masked_fill_ masked_scatter masked_scatter_ masked_select nonzero
nonzero_static put put_ take take_along_dim
""",
    "matmul": """
__matmul__ __rmatmul__ matmul
""",
    "matrix_functions": """
cross matrix_exp matrix_power
""",
    "memory": """
__dlpack__ as_subclass is_set_to is_shared layout name new share_memory_ storage storage_type
untyped_storage volatile
""",
    "numbers": """
frexp gcd gcd_ lcm lcm_ ldexp ldexp_ nextafter nextafter_
""",
    "pairwise": """
dist renorm renorm_
""",
    "piecewise": """
hardshrink
""",
    "pointwise": """
__abs__ __add__ __floordiv__ __iadd__ __ifloordiv__ __imod__ __imul__ __isub__ __itruediv__ __mod__
__mul__ __neg__ __pos__ __radd__ __rfloordiv__ __rmod__ __rmul__ __rsub__ __rtruediv__ __sub__
__truediv__ abs abs_ absolute absolute_ add add_ ceil ceil_ copysign copysign_ div div_ divide
divide_ fix fix_ floor floor_ floor_divide floor_divide_ fmax fmin fmod fmod_ frac frac_ heaviside
heaviside_ maximum minimum mul mul_ multiply multiply_ nan_to_num nan_to_num_ neg neg_ negative
negative_ positive reciprocal reciprocal_ remainder remainder_ round round_ sgn sgn_ sign sign_ sub
sub_ subtract subtract_ true_divide true_divide_ trunc trunc_
""",
    "powers": """
__ipow__ __pow__ __rpow__ float_power float_power_ pow pow_ square square_
""",
    "products": """
addbmm addbmm_ addmm addmm_ addmv addmv_ addr addr_ baddbmm baddbmm_ bmm dot ger mm mv outer vdot
""",
    "quantiles": """
histogram mode nanquantile quantile
""",
    "rearrange": """
flip fliplr flipud repeat repeat_interleave roll rot90 tile tril tril_ triu triu_
""",
    "reduction": """
all any count_nonzero mean nanmean nansum prod sum
""",
    "reflections": """
geqrf orgqr ormqr
""",
    "removed": """
eig lstsq solve symeig
""",
    "sampling": """
bernoulli multinomial
""",
    "scattering": """
as_strided_scatter diagonal_scatter fill_diagonal_ index_reduce index_reduce_ scatter_reduce
scatter_reduce_ select_scatter slice_scatter
""",
    "shape": """
_contiguous _unsafe_view broadcast_to contiguous expand expand_as flatten ravel reshape reshape_as
swapaxes swapdims transpose unflatten view view_as
""",
    "softmax": """
log_softmax softmax
""",
    "solving": """
det inverse logdet slogdet triangular_solve
""",
    "sorting": """
argsort kthvalue msort sort topk
""",
    "special": """
i0 i0_ sinc sinc_
""",
    "stacking": """
dsplit hsplit vsplit
""",
    "statistics": """
logsumexp norm std var
""",
    "ternary": """
addcdiv addcdiv_ addcmul addcmul_ clamp clamp_ clamp_max clamp_max_ clamp_min clamp_min_ clip clip_
lerp lerp_ where
""",
    "transcendental": """
acos acos_ acosh acosh_ arccos arccos_ arccosh arccosh_ arcsin arcsin_ arcsinh arcsinh_ arctan
arctan2 arctan2_ arctan_ arctanh arctanh_ asin asin_ asinh asinh_ atan atan2 atan2_ atan_ atanh
atanh_ cos cos_ cosh cosh_ deg2rad deg2rad_ erf erf_ erfc erfc_ erfinv erfinv_ exp exp2 exp2_ exp_
expm1 expm1_ hypot hypot_ log log10 log10_ log1p log1p_ log2 log2_ log_ logaddexp logaddexp2 logit
logit_ rad2deg rad2deg_ rsqrt rsqrt_ sigmoid sigmoid_ sin sin_ sinh sinh_ sqrt sqrt_ tan tan_ tanh
tanh_ xlogy xlogy_
""",
    "view": """
_embed _hole _region as_strided diagonal narrow select unbind unfold
""",
}

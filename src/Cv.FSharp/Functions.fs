namespace Cv.FSharp

open Cv.Dsl

/// Names the primitives as curried functions; what flows through a pipeline comes last.
[<AutoOpen>]
module Functions =
    /// Squashes each element into (0, 1).
    let sigmoid (x: Expr) = x.Sigmoid()

    /// Takes the error function of each element.
    let erf (x: Expr) = x.Erf()

    /// Takes log(1 + x) of each element, to the last digit near 0 too.
    let log1p (x: Expr) = x.Log1p()

    /// Takes exp(x) - 1 of each element, to the last digit near 0 too.
    let expm1 (x: Expr) = x.Expm1()

    /// Gives -1, 0 or 1 for each element.
    let signOf (x: Expr) = x.Sign()

    /// Takes the larger of two elements.
    let maximum (a: Expr) (b: Expr) = a.Maximum b

    /// Takes the smaller of two elements.
    let minimum (a: Expr) (b: Expr) = a.Minimum b

    /// Raises each element that is lower to the bound: `x |> atLeast 0.0`.
    let atLeast (bound: float) (x: Expr) = x.Maximum bound

    /// Lowers each element that is higher to the bound: `x |> atMost 6.0`.
    let atMost (bound: float) (x: Expr) = x.Minimum bound

    /// Takes each element from `a` where the mask holds, else from `b`.
    let select mask a b = Expr.Select(mask, a, b)

    /// Converts each element to another dtype.
    let cast dtype (x: Expr) = x.Cast dtype

    /// Passes the value on and lets no gradient through.
    let stopGradient (x: Expr) = x.StopGradient()

    /// Is the value, and gives its gradient to another node of its type: `x |> straightThrough (signOf x)`.
    let straightThrough (value: Expr) (through: Expr) = value.StraightThrough through

    /// Takes the first value in a training step, and the second otherwise: `x |> whenTraining (x + noise)`.
    let whenTraining (training: Expr) (otherwise: Expr) = training.WhenTraining otherwise

    /// Is the value, and gives a state its next value in each training step: `x |> remember seen (seen + 1.0)`.
    let remember state next (value: Expr) = value.Remember(state, next)

    /// Adds up all elements.
    let sum (x: Expr) = x.Sum()

    /// Adds up the elements along axes, which vanish from the shape: `x |> sumOver [ 1 ]`.
    let sumOver (axes: int list) (x: Expr) = x.Sum(List.toArray axes, false)

    /// Adds up the elements along axes, which stay as dims of 1.
    let sumAlong (axes: int list) (x: Expr) = x.Sum(List.toArray axes, true)

    /// Averages all elements.
    let mean (x: Expr) = x.Mean()

    /// Averages the elements along axes, which vanish from the shape.
    let meanOver (axes: int list) (x: Expr) = x.Mean(List.toArray axes, false)

    /// Averages the elements along axes, which stay as dims of 1.
    let meanAlong (axes: int list) (x: Expr) = x.Mean(List.toArray axes, true)

    /// Averages the squared differences from the mean along axes, which vanish from the shape; no axes are all of them.
    let varianceOver (axes: int list) (x: Expr) = x.Variance(List.toArray axes, false)

    /// Averages the squared differences from the mean along axes, which stay as dims of 1.
    let varianceAlong (axes: int list) (x: Expr) = x.Variance(List.toArray axes, true)

    /// Takes the Euclidean length along axes, which vanish from the shape; no axes are all of them.
    let normOver (axes: int list) (x: Expr) = x.Norm(List.toArray axes, false)

    /// Takes the Euclidean length along axes, which stay as dims of 1.
    let normAlong (axes: int list) (x: Expr) = x.Norm(List.toArray axes, true)

    /// Takes the standard deviation along axes, which vanish from the shape; no axes are all of them.
    let stdOver (axes: int list) (x: Expr) = x.Std(List.toArray axes, false)

    /// Takes the standard deviation along axes, which stay as dims of 1.
    let stdAlong (axes: int list) (x: Expr) = x.Std(List.toArray axes, true)

    /// Measures how far each row is from each row of another tensor: `images |> pairwiseDistances centres`.
    let pairwiseDistances (b: Expr) (a: Expr) = a.PairwiseDistances b

    /// Takes the largest element along axes, which vanish from the shape; no axes are all of them.
    let maxOver (axes: int list) (x: Expr) = x.Max(List.toArray axes, false)

    /// Takes the largest element along axes, which stay as dims of 1.
    let maxAlong (axes: int list) (x: Expr) = x.Max(List.toArray axes, true)

    /// Takes the smallest element along axes, which vanish from the shape; no axes are all of them.
    let minOver (axes: int list) (x: Expr) = x.Min(List.toArray axes, false)

    /// Takes the smallest element along axes, which stay as dims of 1.
    let minAlong (axes: int list) (x: Expr) = x.Min(List.toArray axes, true)

    /// Gives the index of the largest element along an axis, as i32.
    let argMax axis (x: Expr) = x.ArgMax axis

    /// Multiplies matrices: `matmul x w` is x w, as written on paper; in a line of its own, `x *@ w`.
    let matmul (a: Expr) (b: Expr) = a.MatMul b

    /// Slides filters over images: `images |> conv2d Padding.Same sobel`.
    let conv2d (padding: Padding) (filters: Expr) (images: Expr) =
        images.Conv2d(filters, padding = padding)

    /// Spreads each pixel over a window weighed by filters, the adjoint of conv2d: `x |> convTranspose2d 2 Padding.Same filters`.
    let convTranspose2d stride (padding: Padding) (filters: Expr) (images: Expr) =
        images.ConvTranspose2d(filters, stride, padding)

    /// Swaps the last two axes.
    let transpose (x: Expr) = x.T()

    /// Reorders the axes: axis i of the result is axis order[i] of the operand.
    let permute (order: int list) (x: Expr) = x.Transpose(List.toArray order)

    /// Reads the elements as other dims, one of which may be -1: `images |> reshape [ -1; 784 ]`.
    let reshape (dims: int list) (x: Expr) = x.Reshape(List.toArray dims)

    /// Reads the elements as another shape, which may have symbols.
    let reshapeTo dims (x: Expr) = x.Reshape(shape dims)

    /// Repeats a scalar, or the dims that are 1, to fill a shape.
    let broadcastTo dims (x: Expr) = x.BroadcastTo(shape dims)

    /// Joins tensors along an axis.
    let concat axis (tensors: Expr list) = Expr.Concat(axis, List.toArray tensors)

    /// Takes `count` indices along an axis, from `start` on.
    let slice axis start count (x: Expr) = x.Slice(axis, start, count)

    /// Turns an axis round: its last element comes first.
    let flip axis (x: Expr) = x.Flip axis

    /// Cuts a rectangle out of each image: `images |> crop (2, 2) (28, 28)` takes 28 rows and columns from (2, 2) on.
    let crop (top: int, left: int) (height: int, width: int) (images: Expr) = images.Crop(top, left, height, width)

    /// Multiplies tensors and sums over the axes that the result does not name: `einsum "nij,jk->nik" [ x; w ]`.
    let einsum equation (operands: Expr list) =
        Expr.Einsum(equation, List.toArray operands)

    /// Takes log sum exp along axes, which vanish from the shape; no axes are all of them.
    let logSumExpOver (axes: int list) (x: Expr) = x.LogSumExp(List.toArray axes, false)

    /// Takes log sum exp along axes, which stay as dims of 1.
    let logSumExpAlong (axes: int list) (x: Expr) = x.LogSumExp(List.toArray axes, true)

    /// Turns labels into rows that are 1 at the label and 0 elsewhere.
    let oneHot classes (labels: Expr) = labels.OneHot classes

    /// Takes from each row of scores the one that its label names.
    let pick labels (scores: Expr) = scores.Pick labels

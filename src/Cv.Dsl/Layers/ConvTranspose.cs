namespace Cv.Dsl;

public static partial class Verbs
{
    /// <summary>
    /// Applies a transposed convolution, which spreads each pixel over a window of a larger image, plus a bias each: [N, H, W, channels] becomes
    /// [N, OH, OW, filters], OH = (H - 1) stride + (size - 1) dilation + 1 - padding + output padding. Its parameters are "conv_transpose1.w"
    /// [size, size, filters / groups, channels] and "conv_transpose1.b" [1, 1, 1, filters], then "conv_transpose2.w" and so on.
    /// </summary>
    /// <param name="x">The images, f32 or f64.</param>
    /// <param name="filters">The number of channels of the result, at least 1.</param>
    /// <param name="size">The height and width of a window.</param>
    /// <param name="stride">The distance from one window to the next in the result.</param>
    /// <param name="padding">What is cut off around the result; <see cref="Padding.Same"/> gives stride times the size.</param>
    /// <param name="outputPadding">The rows and columns added at the bottom and right, under the stride.</param>
    /// <param name="dilation">The distance between neighbours in a window.</param>
    /// <param name="groups">The parts that the channels are cut into.</param>
    /// <param name="weights">Draws the first weights; if none is given, normal numbers as by <see cref="Initialiser.He"/>, for the inputs that reach one output.</param>
    /// <param name="biases">Draws the first biases; <see cref="Initialiser.Zeros"/> if none is given.</param>
    /// <param name="bias">Tells whether to add biases.</param>
    /// <param name="name">The layer's name, instead of conv_transpose1, conv_transpose2, ...; layers of one name share their parameters.</param>
    /// <remarks>Dumoulin and Visin, "A guide to convolution arithmetic for deep learning" (2016), chapter 4.</remarks>
    /// <example><code>Expr larger = x.ConvTranspose(8, 3, stride: 2, padding: Padding.Same);   // f32[N,7,7,16] -> f32[N,14,14,8]</code></example>
    /// <exception cref="ShapeException">The images are no [N, H, W, C] of floats, or the numbers do not fit them.</exception>
    public static Expr ConvTranspose(
        this Expr x,
        int filters,
        int size,
        int stride = 1,
        Padding padding = default,
        int outputPadding = 0,
        int dilation = 1,
        int groups = 1,
        Initialiser? weights = null,
        Initialiser? biases = null,
        bool bias = true,
        string? name = null
    )
    {
        const string op = "conv_transpose";
        var type = Elementwise.SameFloat(op, [x.Type]);
        var (y, across, height, width) = padding.Transposed(op, x.Type, size, size, stride, dilation, outputPadding);
        int channels = x.Shape[3].Value;
        var layer = Identity.New(op, name);
        CheckLayer(op, x, layer, filters, groups, channels, y, across);
        // windows overlap: of those that a filter makes, size^2 / stride^2 reach one output
        double fanIn = (double)size * size / ((double)stride * stride) * channels / groups;
        var w = Expr.Parameter(
            layer,
            "w",
            [size, size, filters / groups, channels],
            weights ?? Initialiser.SmallRandom(Math.Sqrt(2 / fanIn)),
            type
        );
        return WithBias(Expr.Of(new Conv2dInput(y, across, groups, height, width), x, w), layer, biases, bias);
    }

    /// <summary>Appends a transposed convolution: [N, H, W, channels] becomes [N, OH, OW, filters], larger by the stride.</summary>
    /// <param name="model">The model so far.</param>
    /// <param name="filters">The number of channels of the result, at least 1.</param>
    /// <param name="size">The height and width of a window.</param>
    /// <param name="stride">The distance from one window to the next in the result.</param>
    /// <param name="padding">What is cut off around the result; <see cref="Padding.Same"/> gives stride times the size.</param>
    /// <param name="outputPadding">The rows and columns added at the bottom and right, under the stride.</param>
    /// <param name="dilation">The distance between neighbours in a window.</param>
    /// <param name="groups">The parts that the channels are cut into.</param>
    /// <param name="weights">Draws the first weights.</param>
    /// <param name="biases">Draws the first biases; <see cref="Initialiser.Zeros"/> if none is given.</param>
    /// <param name="bias">Tells whether to add biases.</param>
    /// <param name="name">The layer's name, instead of conv_transpose1, conv_transpose2, ...</param>
    /// <exception cref="ShapeException">The model's output is no [N, H, W, C] of floats, or the numbers do not fit it.</exception>
    /// <exception cref="GraphException">The model already has a layer of the name.</exception>
    public static Model ConvTranspose(
        this Model model,
        int filters,
        int size,
        int stride = 1,
        Padding padding = default,
        int outputPadding = 0,
        int dilation = 1,
        int groups = 1,
        Initialiser? weights = null,
        Initialiser? biases = null,
        bool bias = true,
        string? name = null
    )
    {
        LayerNames.CheckFree("conv_transpose", model, name, ".Then(x => x.ConvTranspose(...))");
        return model.ThenVerb(
            "convtranspose",
            x => x.ConvTranspose(filters, size, stride, padding, outputPadding, dilation, groups, weights, biases, bias, name)
        );
    }
}

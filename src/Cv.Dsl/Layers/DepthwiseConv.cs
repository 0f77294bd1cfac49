namespace Cv.Dsl;

public static partial class Verbs
{
    /// <summary>
    /// Applies a convolutional layer to each channel alone: [N, H, W, C] becomes [N, OH, OW, C multiplier]. It is
    /// <see cref="Conv(Expr, int, int, int, Padding, int, int, Initialiser, Initialiser, bool, string)"/> in as many groups as channels, with its names: "conv1.w"
    /// [size, size, 1, C multiplier] and "conv1.b".
    /// </summary>
    /// <param name="x">The images, f32 or f64.</param>
    /// <param name="size">The height and width of a filter.</param>
    /// <param name="stride">The distance from one window to the next.</param>
    /// <param name="padding">The zeros around the images; none if not given.</param>
    /// <param name="dilation">The distance between neighbours in a window.</param>
    /// <param name="multiplier">The filters of each channel, at least 1.</param>
    /// <param name="weights">Draws the first weights; <see cref="Initialiser.He"/> if none is given.</param>
    /// <param name="biases">Draws the first biases; <see cref="Initialiser.Zeros"/> if none is given.</param>
    /// <param name="bias">Tells whether to add biases.</param>
    /// <param name="name">The layer's name, instead of conv1, conv2, ...</param>
    /// <remarks>With a 1 x 1 convolution behind it, it is a separable one: Howard et al., "MobileNets" (2017).</remarks>
    /// <example><code>Expr h = x.DepthwiseConv(3, padding: Padding.Same).Relu().Conv(64, 1);   // f32[N,14,14,32] -> f32[N,14,14,64]</code></example>
    /// <exception cref="ShapeException">The images are no [N, H, W, C] of floats, or the numbers do not fit them.</exception>
    public static Expr DepthwiseConv(
        this Expr x,
        int size,
        int stride = 1,
        Padding padding = default,
        int dilation = 1,
        int multiplier = 1,
        Initialiser? weights = null,
        Initialiser? biases = null,
        bool bias = true,
        string? name = null
    )
    {
        Images.Check("depthwise_conv", "images", x.Type);
        int channels = x.Shape[3].Value;
        return x.Conv(
            ((Extents)channels * multiplier).Fit("depthwise_conv", $"the filters, {multiplier} for each of {channels} channels,"),
            size,
            stride,
            padding,
            dilation,
            channels,
            weights,
            biases,
            bias,
            name
        );
    }

    /// <summary>Appends a convolutional layer that sees each channel alone: [N, H, W, C] becomes [N, OH, OW, C multiplier].</summary>
    /// <param name="model">The model so far.</param>
    /// <param name="size">The height and width of a filter.</param>
    /// <param name="stride">The distance from one window to the next.</param>
    /// <param name="padding">The zeros around the images; none if not given.</param>
    /// <param name="dilation">The distance between neighbours in a window.</param>
    /// <param name="multiplier">The filters of each channel, at least 1.</param>
    /// <param name="weights">Draws the first weights; <see cref="Initialiser.He"/> if none is given.</param>
    /// <param name="biases">Draws the first biases; <see cref="Initialiser.Zeros"/> if none is given.</param>
    /// <param name="bias">Tells whether to add biases.</param>
    /// <param name="name">The layer's name, instead of conv1, conv2, ...</param>
    /// <exception cref="ShapeException">The model's output is no [N, H, W, C] of floats, or the numbers do not fit it.</exception>
    /// <exception cref="GraphException">The model already has a layer of the name.</exception>
    public static Model DepthwiseConv(
        this Model model,
        int size,
        int stride = 1,
        Padding padding = default,
        int dilation = 1,
        int multiplier = 1,
        Initialiser? weights = null,
        Initialiser? biases = null,
        bool bias = true,
        string? name = null
    )
    {
        LayerNames.CheckFree("depthwise_conv", model, name, ".Then(x => x.DepthwiseConv(...))");
        return model.ThenVerb(
            "depthwiseconv",
            x => x.DepthwiseConv(size, stride, padding, dilation, multiplier, weights, biases, bias, name)
        );
    }
}

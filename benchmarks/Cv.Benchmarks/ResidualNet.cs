using Cv.Dsl;

namespace Cv.Benchmarks;

/// <summary>Makes residual networks of bottleneck blocks, on images of 32 by 32 pixels and narrow, but with every layer of the large ones.</summary>
/// <remarks>He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition" (2015): 3, 8, 36 and 3 blocks make 152 layers.</remarks>
static class ResidualNet
{
    const int Width = 8;
    const int Expansion = 4;

    /// <summary>Gives a network of so many blocks in each stage; each stage but the first halves the images and doubles the channels.</summary>
    public static Model Of(params int[] blocks)
    {
        var model = Model.Input(32, 32, 3).Then(x => Convolve(x, Width * Expansion, 3, 1, "stem").Relu());
        foreach (var (stage, count) in blocks.Index())
            for (int block = 0; block < count; block++)
            {
                int width = Width << stage,
                    stride = stage > 0 && block == 0 ? 2 : 1;
                string name = $"stage{stage}.block{block}";
                model = model.Then(x => Bottleneck(x, width, stride, name));
            }
        return model.GlobalAvgPool().Dense(10);
    }

    static Expr Bottleneck(Expr x, int width, int stride, string name)
    {
        int channels = width * Expansion;
        var y = Convolve(x, width, 1, 1, name + ".reduce").Relu();
        y = Convolve(y, width, 3, stride, name + ".middle").Relu();
        y = Convolve(y, channels, 1, 1, name + ".expand");
        bool same = stride == 1 && x.Shape[3].Value == channels;
        return (y + (same ? x : Convolve(x, channels, 1, stride, name + ".shortcut"))).Relu();
    }

    static Expr Convolve(Expr x, int filters, int size, int stride, string name) =>
        x.Conv(filters, size, stride, Padding.Of(size / 2).Floor(), bias: false, name: name).BatchNorm(name);
}

using Cv.Runtime;

namespace Cv.Examples.Cs231n;

/// <summary>Makes grey images of 28 x 28 look like CIFAR-10's: 32 x 32 with a black border, in three equal channels.</summary>
static class Colour
{
    const int Side = 32,
        Channels = 3;

    /// <summary>Gives the set as it is, or so converted if it is grey.</summary>
    public static TrainTest Of(TrainTest images) => new(Of(images.Train), Of(images.Test));

    static Dataset Of(Dataset grey)
    {
        if (grey.SampleShape[2].Value == Channels)
            return grey;
        int height = grey.SampleShape[0].Value,
            width = grey.SampleShape[1].Value,
            top = (Side - height) / 2,
            left = (Side - width) / 2;
        var images = new byte[grey.Count * Side * Side * Channels];
        for (int i = 0; i < grey.Count; i++)
        {
            var image = grey.Image(i);
            for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
                images.AsSpan(((i * Side + y + top) * Side + x + left) * Channels, Channels).Fill(image[y * width + x]);
        }
        return new(grey.Name, [Side, Side, Channels], images, grey.Labels.ToArray(), grey.ClassNames);
    }
}

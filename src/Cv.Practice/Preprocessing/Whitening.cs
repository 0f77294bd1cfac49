using Cv.Runtime;

namespace Cv.Practice;

/// <summary>
/// Fits whitenings to training data: afterwards its values are uncorrelated, with variance 1 (CS231n notes, "Data Preprocessing"). To try several, find the
/// <see cref="PrincipalComponents"/> once.
/// </summary>
/// <example><code>
/// var whitening = Whitening.Pca(train, components: 144, epsilon: 1e-5);
/// using var batches = new Batches(whitening.Apply(train), 128, seed: 1);   // f32[N,144]
/// </code></example>
public static class Whitening
{
    /// <summary>Rotates to the first principal components of the training set and divides by the deviations: D values become [components].</summary>
    /// <exception cref="DataException">There are no examples, or a number is not finite.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The components are not 1 to D, or epsilon is negative.</exception>
    public static LinearMap Pca(Examples train, int components, double epsilon = 1e-5, Scaling? scaling = null) =>
        PrincipalComponents.Of(train, scaling).Whiten(components, epsilon);

    /// <summary>Whitens and rotates back, so that images stay images, of the same shape.</summary>
    /// <exception cref="DataException">There are no examples, or a number is not finite.</exception>
    /// <exception cref="ArgumentOutOfRangeException">Epsilon is negative.</exception>
    public static LinearMap Zca(Examples train, double epsilon = 1e-5, Scaling? scaling = null) =>
        PrincipalComponents.Of(train, scaling).WhitenZca(epsilon);
}

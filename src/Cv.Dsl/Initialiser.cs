namespace Cv.Dsl;

/// <summary>Says how a parameter's first value is drawn; the numbers come from a seed and the parameter's name alone.</summary>
public abstract record Initialiser
{
    /// <summary>Starts from zeros.</summary>
    public static Initialiser Zeros { get; } = new ZerosInitialiser();
}

/// <summary>Starts from zeros.</summary>
public sealed record ZerosInitialiser : Initialiser;

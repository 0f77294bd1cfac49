namespace Cv.Reporting;

/// <summary>Reports a live page that cannot be served; the message names the port and says what to do.</summary>
public sealed class LivePageException : Exception
{
    /// <summary>Makes the error with its message and what caused it.</summary>
    public LivePageException(string message, Exception innerException)
        : base(message, innerException) { }
}

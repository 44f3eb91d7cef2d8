"""The library (文件库): files handed in, looked at beside their source, published, rejected, taken back."""
